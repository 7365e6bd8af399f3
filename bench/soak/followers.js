// Readers that wait for messages, and the senders that they follow. Each message must come once and in order.
import { randomUUID } from 'node:crypto'
import http from 'node:http'
import { sleep } from '../lib.js'

/** in seconds; the boxes are used all the time */
const TTL = 600
/** for how long a reader keeps its stream, in ms */
const STREAM = [5_000, 40_000]
/** how long the last messages may take, in ms */
const PATIENCE = 60_000

/** A box with a sender and a reader. What the reader has handled is acknowledged now and then. */
class Line {
  sent = 0
  received = 0
  acknowledged = 0

  constructor (world, box) {
    this.world = world
    this.box = box
  }

  static async open (world) {
    for (;;) {
      const box = await world.create(TTL)
      if (box !== undefined) return new Line(world, box)
      await sleep(300)
    }
  }

  async send () {
    const { code, seq } = await this.world.ask('POST', this.box.drop, { body: JSON.stringify({ n: this.sent + 1 }), key: randomUUID(), or: ['BOX_ERR_STORE_FULL', 'BOX_ERR_FULL'] })
    if (code !== undefined) return
    this.world.count('messages stored')
    this.world.check(seq === ++this.sent, 'a message got the wrong number')
  }

  receive (seq, data) {
    const next = this.received + 1
    // From now on, the reader is where the server is: one loss is counted once.
    this.received = seq
    this.world.count('messages followed')
    this.world.check(seq === next && data.n === next, 'LOST: a reader did not get every message once and in order')
  }

  async acknowledge () {
    if (this.received - this.acknowledged < 10) return
    const after = this.received
    await this.world.ask('PUT', `${this.box.url}/cursor`, { body: JSON.stringify({ after }) })
    this.acknowledged = after
  }
}

/** Sends on all lines in turn while a reader reads them in its way. At the end, the reader must have everything. */
async function follow (world, lines, read) {
  let ended = false
  const sending = world.repeat(async () => {
    for (const line of lines) {
      await line.send()
      await world.pause(50, 250)
    }
  }).finally(() => { ended = true })
  const isDone = () => ended && lines.every(({ sent, received }) => received >= sent)
  let last
  while (!isDone()) {
    last ??= ended ? performance.now() + PATIENCE : undefined
    if (last !== undefined && performance.now() > last) return world.wrong('LOST: a reader did not get the last messages')
    await read(isDone).catch(error => { world.wrong(`a reader failed: ${error.message}`) })
    for (const line of lines) await line.acknowledge()
  }
  await sending
}

export async function followByLongPoll (world) {
  const line = await Line.open(world)
  await follow(world, [line], async () => {
    const { data, next } = await world.ask('GET', `${line.box.messages}?after=${line.received}&wait=2`)
    for (const [i, value] of data.entries()) line.receive(next - data.length + 1 + i, value)
  })
}

export async function followByStream (world) {
  const line = await Line.open(world)
  await follow(world, [line], async isDone => {
    const headers = { accept: 'text/event-stream', 'last-event-id': String(line.received) }
    await readStream(world, isDone, 'GET', line.box.messages, { headers }, ({ id, data }) => { line.receive(Number(id), JSON.parse(data)) })
  })
}

export async function followManyBoxes (world, count = 4) {
  const lines = []
  while (lines.length < count) lines.push(await Line.open(world))
  await follow(world, lines, async isDone => {
    const body = JSON.stringify({ boxes: lines.map(({ box, received }) => ({ id: box.id, after: received })) })
    await readStream(world, isDone, 'POST', '/streams', { headers: { 'content-type': 'application/json' }, body }, ({ event, data }) => {
      const { box, seq, data: value } = JSON.parse(data)
      if (event === 'problem') return world.wrong(`a stream of many boxes had a problem: ${data}`)
      lines[box].receive(seq, value)
    })
  })
}

/** Reads a stream for a while, or until the server goes away or everything has come, and then closes the connection. */
async function readStream (world, isDone, method, path, request, onEvent) {
  const response = await world.open(method, path, { ...request, agent: new http.Agent() })
  if (response === undefined) return await sleep(100)
  if (response.statusCode !== 200) {
    response.resume()
    if (response.statusCode !== 503) world.wrong(`a stream was answered ${response.statusCode}`)
    return await sleep(500)
  }
  world.count('streams')
  const [least, most] = STREAM
  const end = performance.now() + least + Math.random() * (most - least)
  const timer = setInterval(() => { if (isDone() || performance.now() > end) response.destroy() }, 200)
  try {
    let rest = ''
    for await (const chunk of response.setEncoding('utf8')) {
      const events = (rest + chunk).split('\n\n')
      rest = events.pop()
      for (const event of events) {
        const fields = Object.fromEntries(event.split('\n').map(line => line.split(/: (.*)/s).slice(0, 2)))
        if (fields.data !== undefined) onEvent(fields)
      }
    }
    world.excuse(response.began, 'a stream was ended')
  } catch (error) {
    if (!response.destroyed || error.code !== 'ERR_STREAM_PREMATURE_CLOSE') world.excuse(response.began, `a stream was cut: ${error.message}`)
  } finally {
    clearInterval(timer)
    response.destroy()
  }
}
