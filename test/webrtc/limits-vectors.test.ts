import { mock } from 'node:test'
import t from 'tap'
import type { Contribution } from '../../clients/typescript/src/webrtc/agreement.js'
import type { Channel } from '../../clients/typescript/src/webrtc/channel.js'
import { ControlChannel } from '../../clients/typescript/src/webrtc/control-channel.js'
import { deferred } from '../../clients/typescript/src/webrtc/deferred.js'
import { CallError } from '../../clients/typescript/src/webrtc/errors.js'
import { connectPeer, defaultSettings } from '../../clients/typescript/src/webrtc/peer.js'
import { Queue } from '../../clients/typescript/src/webrtc/queue.js'
import { limits } from './call-vectors.js'
import { FakeConnection } from './fake-connection.js'
import { settle } from './two-routes.js'

const HOUR = 3_600_000
const STEP = 500
const contributions: Record<string, Contribution> = { host: { role: 'host', commitment: '', random: '' }, guest: { role: 'guest', opening: '' } }

/** One side that negotiates nothing: what would, and the network, do what a test says. */
function oneSide (role: string, turn: boolean) {
  const fake = new FakeConnection()
  const connection = fake as unknown as RTCPeerConnection
  const arrived = new Queue<unknown>(1_024, 1_024)
  const boxes = { send: async () => {}, close: async () => {}, [Symbol.asyncIterator]: () => arrived[Symbol.asyncIterator]() } as unknown as Channel
  const answered = deferred<void>()
  const negotiate = (_: RTCPeerConnection, channel: Channel) => ({
    agreement: Promise.resolve({ code: '123456', fingerprint: '' }),
    answered: answered.promise,
    restart () {},
    async run () { for await (const value of channel) void value }
  })
  const side = {
    reported: undefined as string | null | undefined,
    events: {
      value: () => { arrived.push({}) },
      description: () => { answered.resolve() },
      open: () => { fake.channel.open() },
      closed: () => { fake.channel.close() },
      end: () => { arrived.end() }
    } as Record<string, () => void>,
    state (state: string) {
      fake.connectionState = state as RTCPeerConnectionState
      fake.dispatchEvent(new Event('connectionstatechange'))
    }
  }
  const prepared = { connection, dataChannel: connection.createDataChannel('signalbox'), control: new ControlChannel(connection), turn }
  const settings = { ...defaultSettings, compare: false, negotiate }
  connectPeer('id', prepared, boxes, contributions[role]!, settings).then(({ peer }) => peer.closed).then(
    reason => { side.reported = reason instanceof CallError ? reason.code : reason === undefined ? null : String(reason) },
    error => { side.reported = error instanceof CallError ? error.code : String(error) }
  )
  return side
}

for (const { why, role, turn = false, steps, ends } of limits) {
  t.test(`${why}, as the ${role}`, async t => {
    mock.timers.enable({ apis: ['setTimeout'] })
    t.teardown(() => { mock.timers.reset() })
    let now = 0
    const turnTo = async (at: number) => {
      // In small steps, since a timer that is set during a step begins at its end.
      while (now < at) {
        const next = Math.min(at, now - now % STEP + STEP)
        mock.timers.tick(next - now)
        now = next
      }
      await settle()
    }
    const side = oneSide(role, turn)
    await settle()
    for (const { at, event } of steps) {
      await turnTo(at)
      t.equal(side.reported, undefined, `not before ${event}`)
      if (side.events[event] === undefined) side.state(event)
      else side.events[event]()
      await settle()
    }
    if (ends === undefined) {
      await turnTo(HOUR)
      t.equal(side.reported, undefined)
      return
    }
    if (ends.at > now) {
      await turnTo(ends.at - 1)
      t.equal(side.reported, undefined, 'not a millisecond too early')
      await turnTo(ends.at)
    }
    t.equal(side.reported, ends.code)
  })
}
