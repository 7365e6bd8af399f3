import t, { type Test } from 'tap'
import { Attempts, type EndAttempt } from '../../clients/typescript/src/webrtc/attempts.js'
import { ControlChannel } from '../../clients/typescript/src/webrtc/control-channel.js'
import { CallError } from '../../clients/typescript/src/webrtc/errors.js'
import { Introducer } from '../../clients/typescript/src/webrtc/introducer.js'
import { createNonce } from '../../clients/typescript/src/webrtc/sealing.js'
import { rates } from './call-vectors.js'
import { FakeConnection } from './fake-connection.js'
import { FakeControl } from './introduced.js'
import { settle } from './two-routes.js'

/** @returns what turns the clocks to so many ms after now */
function clocks (t: Test): (ms: number) => void {
  const began = Date.now()
  let now = 0
  t.intercept(Date, 'now', { value: () => began + now })
  t.intercept(performance, 'now', { value: () => now })
  return ms => { now = ms }
}

t.test('messages on the control channel', async t => {
  const turn = clocks(t)
  for (const { why, steps, code } of rates.control) {
    turn(0)
    const connection = new FakeConnection()
    const control = new ControlChannel(connection as unknown as RTCPeerConnection)
    const errors: unknown[] = []
    let taken = 0
    control.onError = error => { errors.push(error instanceof CallError ? error.code : error) }
    control.on('new', () => { taken++ })
    control.start()
    await settle()
    for (const { at, messages } of steps) {
      turn(at)
      for (let n = 0; n < messages; n++) connection.control.say('{"type":"new"}')
    }
    const all = steps.reduce((sum, { messages }) => sum + messages, 0)
    t.strictSame([taken, errors], code === undefined ? [all, []] : [all - 1, [code]], why)
  }
})

/** What becomes of an attempt that is given up if it has to wait. */
async function begin (attempts: Attempts, underWay: EndAttempt[]): Promise<string> {
  const waiting = new AbortController()
  setImmediate(() => { waiting.abort() })
  try {
    underWay.push(await attempts.begin(waiting.signal))
    return 'begin'
  } catch (error) {
    return waiting.signal.aborted ? 'wait' : error instanceof CallError && error.code === 'CALL_ERR_ATTEMPTS' ? 'refused' : String(error)
  }
}

t.test('attempts to join', async t => {
  const turn = clocks(t)
  for (const { why, steps } of rates.attempts) {
    turn(0)
    const attempts = new Attempts(0, Date.now(), () => {})
    const underWay: EndAttempt[] = []
    for (const step of steps) {
      turn(step.at * 1_000)
      if ('begin' in step) {
        for (let n = 0; n < step.begin; n++) t.equal(await begin(attempts, underWay), step.then, `${why}, after ${step.at} s`)
      } else {
        for (const end of underWay.splice(0, step.end)) end(step.as)
      }
    }
  }
})

t.test('what a host passes on', async t => {
  const turn = clocks(t)
  for (const { why, guests, steps } of rates.relayed) {
    turn(0)
    const introducer = new Introducer()
    const members = Array.from({ length: guests }, () => ({ id: createNonce(), control: new FakeControl() }))
    for (const { id, control } of members) {
      introducer.listenTo(id, control.asControl)
      introducer.add(id, 'key', control.asControl)
    }
    for (const { at, from, to, size, times, passed } of steps) {
      turn(at)
      const [sender, receiver] = [members[from]!, members[to]!]
      const message = { v: 1, to: receiver.id, key: 'AAAAAAAA', from: 'guest', session: createNonce(), n: 0, sealed: '' }
      message.sealed = 'A'.repeat(size - JSON.stringify({ type: 'relay', from: sender.id, message }).length)
      const before = receiver.control.relayed.length
      for (let n = 0; n < times; n++) sender.control.say({ type: 'relay', message })
      t.equal(receiver.control.relayed.length - before, passed, `${why}, from ${from} to ${to} after ${at} ms`)
    }
  }
})
