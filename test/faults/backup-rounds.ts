import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { runServer, ServerProcess, temporaryDirectory } from '../helpers/server-process.js'
import { until } from '../helpers/until.js'

const WRITERS = 16
const FLAGS = ['--host=127.0.0.1', '--rate-limit=off', '--log-level=info', '--max-messages=1000000', `--max-box-bytes=${1 << 30}`]

async function ask (url: string, method: string, body?: unknown): Promise<any> {
  const response = await fetch(url, { method, ...body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } })
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
  return await response.json()
}

/**
 * Backs up a server under 16 writers, destroys its store, restores the backup, and counts what had been acknowledged
 * before the backup began and is not there any more.
 */
export async function backupRound (t: Test): Promise<{ acknowledged: number, lost: number }> {
  const directory = await temporaryDirectory(t)
  const store = `--store=lmdb:${join(directory, 'store')}`
  const backup = join(directory, 'backup')
  const server = await ServerProcess.start(t, [...FLAGS, store])
  const boxes: string[] = await Promise.all(Array.from({ length: WRITERS }, async () => (await ask(`${server.url}/boxes`, 'POST')).data))
  const stored = boxes.map(() => 0)
  const end = new AbortController()
  const writers = boxes.map(async (box, writer) => {
    for (let n = 1; !end.signal.aborted; n++) {
      await ask(`${server.url}/boxes/${box}/messages`, 'POST', `${n} ${'x'.repeat((n * 97 + writer) % 3000)}`)
      stored[writer] = n
    }
  })
  await until(() => stored.every(count => count > 0))
  await sleep(Math.random() * 300)
  const before = [...stored]
  const made = await runServer(t, ['backup', backup, store])
  if (made.code !== 0) throw new Error(made.stderr)
  end.abort()
  await Promise.all(writers)
  await server.kill('SIGKILL')
  await rm(join(directory, 'store'), { recursive: true })

  const restored = await runServer(t, ['restore', backup, store])
  if (restored.code !== 0) throw new Error(restored.stderr)
  const again = await ServerProcess.start(t, [...FLAGS, store])
  let lost = 0
  for (const [writer, box] of boxes.entries()) {
    const { data } = await ask(`${again.url}/boxes/${box}/messages?limit=1000`, 'GET')
    const numbers: number[] = data.map((text: string) => Number(text.split(' ')[0]))
    for (let n = 1; n <= Math.min(1000, before[writer] as number); n++) if (numbers[n - 1] !== n) lost++
    await ask(`${again.url}/boxes/${box}/messages`, 'POST', 'it goes on')
  }
  if ((await again.kill()).code !== 0) throw new Error(again.logs)
  return { acknowledged: before.reduce((sum, count) => sum + count, 0), lost }
}
