import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'

/** `SOAK_MINUTES=20` for a quick one. */
const MINUTES = Number(process.env['SOAK_MINUTES'] ?? 120)

/** How long a fault is planted, in minutes: long enough that without a fault, nothing drifts. */
const PLANTED_MINUTES = 20

/** A fault of bench/soak/planted.js, and what the soak then says. */
const planted = {
  leak: /^DRIFT: memory$/m,
  descriptors: /^DRIFT: descriptors$/m,
  delay: /^DRIFT: delay$/m,
  loss: /^\| WRONG: LOST: /m
}

t.setTimeout((MINUTES + Object.keys(planted).length * PLANTED_MINUTES + 30) * 60_000)

async function soak (t: Test, minutes: number, ...options: string[]): Promise<{ status: number, output: string }> {
  const child = spawn(process.execPath, ['bench/run.js', 'soak', ...options], { env: { ...process.env, SOAK_MINUTES: String(minutes) }, stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill())
  const [output, [status]] = await Promise.all([text(child.stdout), once(child, 'close')])
  t.comment(output)
  return { status, output }
}

t.test(`in ${MINUTES} minutes of mixed load with faults, at the cap of the store, nothing grows and nothing is lost`, async t => {
  const { status, output } = await soak(t, MINUTES)
  t.equal(status, 0)
  t.notMatch(output, /DRIFT|WRONG/)
})

for (const [name, expected] of Object.entries(planted)) {
  t.test(`a planted fault is noticed: ${name}`, async t => {
    const { status, output } = await soak(t, PLANTED_MINUTES, '--planted', name)
    t.equal(status, 1)
    t.match(output, expected)
  })
}
