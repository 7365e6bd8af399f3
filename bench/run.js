// The figures of the product, in one table. Machines differ and are noisy: read the ratios.
// `npm run bench -- store delivery` runs only those parts. `performance` and `soak`, alone, take options: the file for the
// result, and whether a quick look is enough, or which fault to plant.
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'

const PARTS = ['start', 'store', 'growth', 'growth-http', 'delivery', 'peers', 'peerjs', 'y-webrtc', 'streams', 'redis', 'call', 'files']

/** Too long for a whole run. */
const LONG = ['performance', 'unread', 'soak']

const { positionals: wanted, values: options } = parseArgs({
  allowPositionals: true,
  options: { output: { type: 'string' }, quick: { type: 'boolean' }, planted: { type: 'string' } }
})
const unknown = wanted.filter(part => ![...PARTS, ...LONG].includes(part))
if (unknown.length > 0) {
  console.error(`No part '${unknown[0]}': choose from ${[...PARTS, ...LONG].join(', ')}.`)
  process.exit(1)
}

if (wanted.length !== 1) {
  console.log(`Node ${process.version}, ${availableParallelism()} cores. Medians; client and server share the machine.\n`)
  console.log(`| ${'what'.padEnd(62)} | ${'figure'.padEnd(26)} | ${'target'.padEnd(20)} |`)
  console.log(`|${'-'.repeat(64)}|${'-'.repeat(28)}|${'-'.repeat(22)}|`)
}

// Each part runs in its own process, so that none inherits another's heap.
let failed = false
if (wanted.length === 1) {
  const { run } = await import(`./${wanted[0]}.js`)
  failed = await run(options) === false
} else {
  for (const part of wanted.length === 0 ? PARTS : wanted) {
    const { status } = spawnSync(process.execPath, ['--expose-gc', import.meta.filename, part], { stdio: 'inherit' })
    failed ||= status !== 0
  }
}
process.exitCode = failed ? 1 : 0
