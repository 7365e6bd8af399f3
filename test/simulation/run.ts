/**
 * Runs seeds one after the other until one fails, and tells what it found as a line of JSON:
 *
 *   run <store> <first seed> <number of seeds> <seconds at most> [trace]
 */
import { simulate } from './simulate.js'
import { storages } from './storages.js'

const [name = 'memory', first = '1', count = '1', seconds = '3600', trace] = process.argv.slice(2)
const open = storages[name]
if (open === undefined) throw new TypeError(`no store is named ${name}`)

// Errors are many, and most of the time would go into their stacks; a trace has them.
if (trace === undefined) Error.stackTraceLimit = 0

const began = performance.now()
const elapsed = (): number => (performance.now() - began) / 1000
let steps = 0
let seeds = 0
let failed: { seed: number, message: string } | undefined
const hashes: string[] = []
for (let seed = Number(first); seeds < Number(count) && elapsed() < Number(seconds) && failed === undefined; seed++) {
  const outcome = await simulate(seed, open, trace !== undefined)
  seeds++
  steps += outcome.steps
  hashes.push(outcome.hash)
  if (trace !== undefined) process.stderr.write(`${outcome.trace.join('\n')}\n`)
  if (outcome.violation !== undefined) failed = { seed, message: trace === undefined ? String(outcome.violation) : String(outcome.violation.stack) }
}
process.stdout.write(JSON.stringify({ seeds, steps, seconds: elapsed(), hashes, failed }) + '\n')
process.exit()
