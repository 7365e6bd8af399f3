/**
 * Fuzzes a server from its contract with schemathesis: examples, coverage, fuzzing and stateful
 * phases, with data that fits the contract and data that does not. Every check is on.
 *
 *   node scripts/fuzz.js [--examples 50] [--seed 1] [--dist dist] [--report FOLDER]
 *   node scripts/fuzz.js --tampered   # servers that break the contract: fails if fuzzing does not catch one
 *
 * Nightly: `--examples 1500 --seed random`, with which schemathesis makes over 1,000 requests for each
 * operation that takes input.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { end, startServer } from '../test/clients/servers.js'
import { tamper, tamperings } from '../test/clients/tampering.js'
import { has, pythonEnvironment, root } from './client-tools.js'

const { values } = parseArgs({
  options: {
    examples: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    dist: { type: 'string', default: join(root, 'dist') },
    report: { type: 'string' },
    tampered: { type: 'boolean', default: false }
  }
})

const TRIES = 3

if (has('python3', 'fuzzing')) {
  const bin = pythonEnvironment('fuzzer', join(root, 'scripts', 'fuzz-requirements.txt'))
  // Without rate limits, which would end the run early; reads are held briefly, since nobody stores in the
  // meantime.
  const { child, url } = await startServer(values.dist, ['--store', 'memory:', '--rate-limit', 'off', '--max-wait', '1'])
  try {
    process.exitCode = values.tampered ? await fuzzTampered(bin, url) : (await fuzz(bin, url)).status
  } finally {
    await end(child)
  }
}

/** @returns the exit code, and its output if that is not shown */
async function fuzz (bin, url, { seed = values.seed, stdout = 'inherit' } = {}) {
  const reports = values.report === undefined ? [] : ['--report', 'junit,ndjson', '--report-dir', values.report]
  const seeded = seed === 'random' ? [] : ['--seed', seed]
  const schemathesis = spawn(join(bin, 'schemathesis'), [
    '--config-file', join(root, 'scripts', 'fuzz.toml'),
    'run', join(root, 'openapi', 'openapi.json'), '--url', url,
    // use_after_free comes back as gone_after_delete, which knows that a drain deletes no box: fuzz-hooks.py.
    '--checks', 'all', '--exclude-checks', 'use_after_free', '--mode', 'all', '--phases', 'examples,coverage,fuzzing,stateful',
    '--max-examples', values.examples, '--workers', '2', '--no-color', ...seeded, ...reports
  ], {
    // It keeps its findings in a folder below its working directory, which must not be the repository.
    cwd: bin,
    stdio: ['ignore', stdout, 'inherit'],
    env: { ...process.env, SCHEMATHESIS_HOOKS: join(root, 'scripts', 'fuzz-hooks.py'), SIGNALBOX_FUZZ_URL: url }
  })
  const [output, [status]] = await Promise.all([schemathesis.stdout?.toArray(), once(schemathesis, 'close')])
  return { status, output: Buffer.concat(output ?? []).toString() }
}

/**
 * A tampering may take several requests on the same box to show, and a random search may miss it once:
 * two workers never send in the same order, whatever the seed. So there are `TRIES`, with a seed each.
 * @returns the exit code: 0 if every tampering was caught
 */
async function fuzzTampered (bin, url) {
  let missed = 0
  for (const name of Object.keys(tamperings)) {
    const server = await tamper(url, name)
    let found = new Set()
    for (let seed = 1; seed <= TRIES && found.size === 0; seed++) {
      const { status, output } = await fuzz(bin, server.url, { seed: String(seed), stdout: 'pipe' })
      if (status !== 0) found = new Set(output.match(/^- .+$/gm))
    }
    await server.stop()
    if (found.size === 0) missed++
    console.log(`${name}: ${found.size === 0 ? 'NOT CAUGHT' : `caught: ${[...found].join('; ')}`}`)
  }
  return missed === 0 ? 0 : 1
}
