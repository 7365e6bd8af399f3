import t from 'tap'
import type { Channel } from '../../clients/typescript/src/webrtc/channel.js'
import { ControlChannel } from '../../clients/typescript/src/webrtc/control-channel.js'
import { endMessageFor, errorOf } from '../../clients/typescript/src/webrtc/ending.js'
import { CallError, type CallErrorCode } from '../../clients/typescript/src/webrtc/errors.js'
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

  /** The other side hears of it, unless its boxes fail too. */
  fail (code: CallErrorCode = 'CALL_ERR_SERVER'): void {
    this.error = new CallError(code)
    this.arrived.end(this.error)
    const told = endMessageFor(this.error)
    this.other?.arrived.end(told === null ? undefined : errorOf(told))
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

const numbers = ({ sent }: FakeBoxes) => sent.map(value => (value as { seq: number }).seq)

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
  t.strictSame(numbers(a.boxes), [2, 3])
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

for (const code of ['CALL_ERR_GONE', 'CALL_ERR_SERVER'] as const) {
  t.test(`a conversation outlives a box that fails on one side only, with ${code}`, async t => {
    const { a, b, open } = pair()
    await open()
    a.boxes.fail(code)
    await settle()
    await a.channel.send({ text: 'to b' })
    await b.channel.send({ text: 'to a' })
    await settle()
    t.strictSame([a.heard, b.heard], [['to a'], ['to b']])
    const left = a.channel.close()
    t.equal(await b.over, undefined, 'and its end is told')
    await b.channel.close()
    await left
  })
}

t.test('a side whose box fails as soon as it is connected waits for the control channel', async t => {
  const { a, b } = pair()
  for (const { channel } of [a, b]) channel.start()
  a.control.open()
  a.boxes.fail()
  await a.channel.send({ text: 'later' })
  await settle()
  b.control.open()
  await settle()
  t.strictSame(b.heard, ['later'])
  void a.channel.close()
  t.equal(await b.over, undefined)
})

t.test('each value goes each way once, however often the path changes', async t => {
  const { a, b, open, link } = pair()
  for (const text of ['1', '2']) await a.channel.send({ text })
  await open()
  link(false)
  await a.channel.send({ text: '3' })
  for (const state of ['disconnected', 'connected', 'failed', 'connected'] as const) a.state(state)
  await settle()
  t.strictSame(numbers(a.boxes), [1, 2, 3])
  t.equal(a.control.sent.filter(text => text.includes('"signal"')).length, 3)
  a.boxes.deliver()
  await settle()
  t.strictSame(b.heard, ['1', '2', '3'])
})

t.test('a control channel that fails while values are repeated leaves the rest to the boxes, in order', async t => {
  const { a, b, open } = pair()
  await open()
  a.state('disconnected')
  const sent: string[] = []
  const send = a.control.send.bind(a.control)
  a.control.send = text => {
    if (sent.push(text) === 2) throw new DOMException('Its buffer is full', 'OperationError')
    send(text)
  }
  for (const text of ['1', '2', '3']) await a.channel.send({ text })
  a.state('connected')
  await settle()
  t.equal(sent.length, 2)
  t.strictSame(numbers(a.boxes), [1, 2, 3])
  a.boxes.deliver()
  await settle()
  t.strictSame(b.heard, ['1', '2', '3'])
})

t.test('a side that numbers nothing, and has no control channel, is heard', async t => {
  const { a } = pair()
  a.boxes.arrived.push({ text: '1' })
  a.boxes.arrived.push({ text: '2' })
  await settle()
  t.strictSame(a.heard, ['1', '2'])
})

t.test('an end is told at once, with the reason if both sides share it, and an error is never taken for leaving', async t => {
  for (const [code, heardAs] of [['CALL_ERR_TOO_LARGE', 'CALL_ERR_TOO_LARGE'], ['CALL_ERR_SERVER', 'CALL_ERR_SERVER'], ['CALL_ERR_LOST', 'CALL_ERR_LOST'], ['CALL_ERR_NO_PATH', 'CALL_ERR_NO_PATH'], ['CALL_ERR_FORMAT', 'CALL_ERR_CLOSED']] as const) {
    const { a, b, open } = pair()
    await open()
    const told = a.channel.close(new CallError(code))
    const end = b.over.then(() => undefined, error => error.code)
    t.equal(await end, heardAs)
    await b.channel.close()
    await told
  }
})

t.test('a closed control channel ends the wait for the other side’s end', async t => {
  const { a, link, open } = pair()
  await open()
  link(false)
  let over = false
  void a.channel.close().then(() => { over = true })
  await settle()
  t.notOk(over)
  a.control.close()
  await settle()
  t.ok(over)
})

t.test('a value that is too large for either way is refused, whichever it would go', async t => {
  const { a, b, open } = pair()
  const room = 524_288 - JSON.stringify({ type: 'signal', seq: 1, text: '' }).length
  await t.rejects(a.channel.send({ text: 'x'.repeat(room + 1) }), { code: 'CALL_ERR_TOO_LARGE' })
  await a.channel.send({ text: 'x'.repeat(room) })
  await open()
  t.equal(b.heard.length, 1, 'the largest goes either way')
})

t.test('a value that is too large for one message arrives whole', async t => {
  const { a, b, open } = pair()
  await open()
  const text = 'ü'.repeat(100_000)
  await a.channel.send({ text })
  await settle()
  t.strictSame(b.heard, [text])
})

t.test('both sides can repeat everything that they keep: neither takes it for a flood', async t => {
  const silent = pair()
  await silent.open()
  silent.link(false)
  let most = 0
  await t.rejects(async () => { for (;; most++) await silent.a.channel.send({ text: '' }) }, { code: 'CALL_ERR_FULL' })

  const { a, b, open } = pair()
  await open()
  const sides = [a, b]
  for (const { state } of sides) state('disconnected')
  for (let count = 0; count < most; count++) for (const { channel } of sides) await channel.send({ text: '' })
  for (const { state } of sides) state('connected')
  await settle()
  for (const { channel } of sides) await channel.send({ text: 'more' })
  await settle()
  for (const { heard } of sides) t.equal(heard.length, most + 1)
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
