import type { Test } from 'tap'
import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { RedisServer } from './redis-server.js'

const run = promisify(execFile)
const folder = fileURLToPath(new URL('../http/', import.meta.url))

/** Runs every test of the HTTP face on these nodes, each file in a process of its own, and checks that it was they who served. */
export async function runApiTests (t: Test, nodes: RedisServer[]): Promise<void> {
  // As long as any test may take: tap's own default, for a file run by itself, is half a minute.
  const env = { ...process.env, TAP_TIMEOUT: '300', SIGNALBOX_TEST_STORE: nodes.map(({ url }) => url).join() }
  const files = (await readdir(folder, { recursive: true })).filter(name => name.endsWith('.test.ts'))
  t.ok(files.includes('rate-limit.test.ts') && files.includes(join('operations', 'create-box.test.ts')))
  const next = async (): Promise<void> => {
    for (let file = files.pop(); file !== undefined; file = files.pop()) {
      const outcome = await run(process.execPath, [...process.execArgv, folder + file], { env }).then(() => 'passed', error => error.stdout)
      t.equal(outcome, 'passed', file)
    }
  }
  await Promise.all([next(), next()])
  const scripts = await Promise.all(nodes.map(async node => /cmdstat_evalsha:calls=(\d+)/.exec(await node.cli('info', 'commandstats'))?.[1] ?? 0))
  t.ok(scripts.reduce<number>((sum, calls) => sum + Number(calls), 0) > 1_000, 'and Redis was what they ran on')
}
