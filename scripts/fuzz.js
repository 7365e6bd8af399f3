/**
 * Fuzzes a server from its contract with schemathesis: examples, coverage, fuzzing and stateful
 * phases, with data that fits the contract and data that does not. Every check is on.
 *
 *   node scripts/fuzz.js [--examples 50] [--seed 1] [--dist dist] [--report FOLDER]
 *   node scripts/fuzz.js --tampered   # servers that break the contract: fails where that is not noticed
 *
 * Nightly: `--examples 1500 --seed random`, of which schemathesis makes over 1,000 requests for each operation that takes input.
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

if (has('python3', 'fuzzing')) {
  const bin = pythonEnvironment('fuzzer', join(root, 'scripts', 'fuzz-requirements.txt'))
  // Without rate limits, which would end the run early; reads are held briefly, since nobody stores meanwhile.
  const { child, url } = await startServer(values.dist, ['--store', 'memory:', '--rate-limit', 'off', '--max-wait', '1'])
  try {
    process.exitCode = values.tampered ? await fuzzTampered(bin, url) : (await fuzz(bin, url, values.examples)).status
  } finally {
    await end(child)
  }
}

/** @returns the exit code, and what it printed where that is not shown */
async function fuzz (bin, url, examples, stdout = 'inherit') {
  const reports = values.report === undefined ? [] : ['--report', 'junit,ndjson', '--report-dir', values.report]
  const seed = values.seed === 'random' ? [] : ['--seed', values.seed]
  const schemathesis = spawn(join(bin, 'schemathesis'), [
    '--config-file', join(root, 'scripts', 'fuzz.toml'),
    'run', join(root, 'openapi', 'openapi.json'), '--url', url,
    // use_after_free comes back as gone_after_delete, which knows that a drain deletes no box: fuzz-hooks.py.
    '--checks', 'all', '--exclude-checks', 'use_after_free', '--mode', 'all', '--phases', 'examples,coverage,fuzzing,stateful',
    '--max-examples', String(examples), '--workers', '2', '--no-color', ...seed, ...reports
  ], {
    // It keeps what it finds in a folder of where it is started: not in the repository.
    cwd: bin,
    stdio: ['ignore', stdout, 'inherit'],
    env: { ...process.env, SCHEMATHESIS_HOOKS: join(root, 'scripts', 'fuzz-hooks.py'), SIGNALBOX_FUZZ_URL: url }
  })
  const [output, [status]] = await Promise.all([schemathesis.stdout?.toArray(), once(schemathesis, 'close')])
  return { status, output: Buffer.concat(output ?? []).toString() }
}

/** @returns the exit code: 0 where every tampering was noticed */
async function fuzzTampered (bin, url) {
  let missed = 0
  for (const name of Object.keys(tamperings)) {
    const server = await tamper(url, name)
    const { status, output } = await fuzz(bin, server.url, values.examples, 'pipe')
    await server.stop()
    if (status === 0) missed++
    console.log(`${name}: ${status === 0 ? 'NOT noticed' : 'noticed'}: ${[...new Set(output.match(/^- .+$/gm))].join('; ')}`)
  }
  return missed === 0 ? 0 : 1
}
