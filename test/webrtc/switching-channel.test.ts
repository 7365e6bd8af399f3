import t from 'tap'
import type { Channel } from '../../clients/typescript/src/webrtc/channel.js'
import { ControlChannel } from '../../clients/typescript/src/webrtc/control-channel.js'
import { CallError } from '../../clients/typescript/src/webrtc/errors.js'
import { Queue } from '../../clients/typescript/src/webrtc/queue.js'
import { SwitchingChannel } from '../../clients/typescript/src/webrtc/switching-channel.js'
import { FakeConnection } from './fake-connection.js'

/** One end of a conversation through boxes, which keeps what is sent until it is told to deliver. */
class FakeBoxes implements Channel {
  readonly hello = undefined
  readonly session = undefined
  readonly sent: unknown[] = []
  readonly arrived = new Queue<unknown>()
  other: FakeBoxes | undefined
  error: Error | undefined

  async send (value: unknown): Promise<void> {
    if (this.error !== undefined) throw this.error
    this.sent.push(value)
  }

  async close (reason?: unknown): Promise<void> { this.arrived.end(reason) }
  [Symbol.asyncIterator] () { return this.arrived[Symbol.asyncIterator]() }

  deliver (): void {
    for (const value of this.sent.splice(0)) this.other?.arrived.push(value)
  }

  fail (): void {
    this.error = new CallError('CALL_ERR_SERVER')
    this.arrived.end(this.error)
  }
}

function side () {
  const connection = new FakeConnection()
  const boxes = new FakeBoxes()
  const real = connection as unknown as RTCPeerConnection
  const channel = new SwitchingChannel(boxes, new ControlChannel(real), real, undefined)
  const heard: unknown[] = []
  const over = (async () => { for await (const value of channel) heard.push((value as { text: string }).text) })()
  over.catch(() => {})
  const state = (connectionState: RTCPeerConnectionState) => {
    connection.connectionState = connectionState
    connection.dispatchEvent(new Event('connectionstatechange'))
  }
  return { connection, boxes, channel, heard, over, state, control: connection.control }
}

/** Two sides, and a control channel between them that has not opened yet. */
function pair () {
  const [a, b] = [side(), side()]
  a.boxes.other = b.boxes
  b.boxes.other = a.boxes
  const link = (linked: boolean) => {
    a.control.other = linked ? b.control : undefined
    b.control.other = linked ? a.control : undefined
  }
  link(true)
  const open = async () => {
    for (const { connection, channel, control } of [a, b]) {
      connection.connectionState = 'connected'
      channel.start()
      control.open()
    }
    await settle()
  }
  return { a, b, link, open }
}

async function settle (): Promise<void> {
  for (let turns = 0; turns < 5; turns++) await new Promise(resolve => { setImmediate(resolve) })
}

t.test('what is on its way through the boxes is repeated when the control channel opens, and heard once', async t => {
  const { a, b, open } = pair()
  for (const text of ['1', '2']) await a.channel.send({ text })
  a.boxes.deliver()
  await settle()
  for (const text of ['3', '4']) await a.channel.send({ text })
  await open()
  await a.channel.send({ text: '5' })
  await settle()
  t.strictSame(b.heard, ['1', '2', '3', '4', '5'])
  t.equal(a.boxes.sent.length, 2, 'what is new does not go through the boxes')
  a.boxes.deliver()
  await settle()
  t.strictSame(b.heard, ['1', '2', '3', '4', '5'], 'and what is late is ignored')
})

t.test('what a broken path kept is repeated through the boxes', async t => {
  const { a, b, link, open } = pair()
  await open()
  await a.channel.send({ text: '1' })
  await settle()
  link(false)
  await a.channel.send({ text: '2' })
  a.state('disconnected')
  await a.channel.send({ text: '3' })
  await settle()
  t.strictSame(a.boxes.sent.map(value => (value as { seq: number }).seq), [2, 3])
  a.boxes.deliver()
  await settle()
  t.strictSame(b.heard, ['1', '2', '3'])

  link(true)
  a.state('connecting')
  await a.channel.send({ text: '4' })
  t.equal(a.boxes.sent.length, 1, 'a path is not back before it is found')
  a.state('connected')
  await a.channel.send({ text: '5' })
  await settle()
  t.strictSame(b.heard, ['1', '2', '3', '4', '5'])
})

t.test('a conversation outlives its boxes once there is a control channel, and not before', async t => {
  const early = pair()
  early.a.boxes.fail()
  await t.rejects(early.a.over, { code: 'CALL_ERR_SERVER' })

  const { a, b, open } = pair()
  await open()
  for (const { boxes } of [a, b]) boxes.fail()
  await a.channel.send({ text: 'to b' })
  await b.channel.send({ text: 'to a' })
  await settle()
  t.strictSame([a.heard, b.heard], [['to a'], ['to b']])
  a.state('failed')
  await a.channel.send({ text: 'later' })
  a.state('connected')
  await settle()
  t.strictSame(b.heard, ['to b', 'later'])
})

t.test('a side that numbers nothing, and has no control channel, is heard', async t => {
  const { a } = pair()
  a.boxes.arrived.push({ text: '1' })
  a.boxes.arrived.push({ text: '2' })
  await settle()
  t.strictSame(a.heard, ['1', '2'])
})

t.test('an end is told at once, with the reason if both sides share it', async t => {
  for (const [code, heardAs] of [['CALL_ERR_TOO_LARGE', 'CALL_ERR_TOO_LARGE'], ['CALL_ERR_LOST', undefined]] as const) {
    const { a, b, open } = pair()
    await open()
    const told = a.channel.close(new CallError(code))
    const end = b.over.then(() => undefined, error => error.code)
    t.equal(await end, heardAs)
    await b.channel.close()
    await told
  }
})

t.test('a value that is too large for any way is refused', async t => {
  const { a } = pair()
  await t.rejects(a.channel.send({ text: 'x'.repeat(524_288) }), { code: 'CALL_ERR_TOO_LARGE' })
})

t.test('a value that is too large for one message arrives whole', async t => {
  const { a, b, open } = pair()
  await open()
  const text = 'ü'.repeat(100_000)
  await a.channel.send({ text })
  await settle()
  t.strictSame(b.heard, [text])
})

t.test('a side that never says what it has seen cannot fill the memory', async t => {
  const silent = pair()
  for (let count = 0; count < 1_100; count++) await silent.a.channel.send({ text: String(count) })
  t.equal(silent.a.boxes.sent.length, 1_100, 'an older version is left to the boxes')

  const { a, link, open } = pair()
  await open()
  link(false)
  const sends = async () => { for (let count = 0; count < 1_100; count++) await a.channel.send({ text: String(count) }) }
  await t.rejects(sends(), { code: 'CALL_ERR_FULL' })
})
