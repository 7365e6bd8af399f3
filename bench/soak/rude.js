// Clients that behave badly. The server may answer them with a refusal or cut them off, but never with a 5xx.
import { once } from 'node:events'
import net from 'node:net'
import { randomBytes } from 'node:crypto'

/** how long they hold on to a connection, in ms */
const HOLD = [1_000, 15_000]

const get = (path, ...headers) => [`GET ${path} HTTP/1.1`, 'host: x', ...headers, '', ''].join('\r\n')
const post = (path, type, length, body) => `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\n\r\n${body}`

const MALFORMED = [
  () => randomBytes(200),
  () => 'GET / HTTP/9.9\r\n\r\n',
  () => 'POST /boxes HTTP/1.1\r\ncontent-length: -1\r\ntransfer-encoding: chunked\r\n\r\n',
  () => get('/boxes/%00%ff/messages?after=1e9&wait=-1'),
  () => get('/boxes/nobody/messages', `x-long: ${'x'.repeat(100_000)}`),
  box => post(box.messages, 'application/json', 9, '{"a":\x00}]]'),
  box => post(box.messages, 'image/png', 4, 'abcd'),
  box => post(box.messages, 'application/json', 10_000_000, `"${'m'.repeat(100_000)}`),
  box => get(`${box.messages}?after=99999999`),
  () => post('/streams', 'application/json', 2, '{}')
]

/** Each gets a connection, a box, and a wait for the end of the connection or of the client's patience. */
const WAYS = {
  async 'reset in a request' (socket, box) {
    socket.write(post(box.messages, 'application/json', 1_000, '"half of'))
    await tick()
    socket.resetAndDestroy()
  },
  async 'reset in a response' (socket, box, hold) {
    socket.write(get(box.messages))
    await Promise.race([once(socket, 'data'), hold()])
    socket.resetAndDestroy()
  },
  async 'reset in a stream' (socket, box, hold) {
    socket.write(get(box.messages, 'accept: text/event-stream'))
    await hold()
    socket.resetAndDestroy()
  },
  async 'half-closed' (socket, box, hold) {
    socket.end(get(`${box.messages}?after=0&wait=20`) + get(`${box.messages}?wait=20`, 'accept: text/event-stream'))
    await hold()
  },
  async 'reads nothing' (socket, box, hold) {
    socket.pause()
    socket.write(get(box.messages).repeat(8))
    await hold()
  },
  async 'reads no stream' (socket, box, hold) {
    socket.pause()
    socket.write(get(box.messages, 'accept: text/event-stream'))
    await hold()
  },
  async slow (socket, box, hold) {
    for (const byte of get(box.messages).slice(0, 30)) {
      socket.write(byte)
      await tick()
    }
    await hold()
  },
  async silent (socket, box, hold) {
    await hold()
  },
  async malformed (socket, box, hold) {
    socket.write(MALFORMED[Math.floor(Math.random() * MALFORMED.length)](box))
    await Promise.race([hold(), tick(2_000)])
  }
}

const tick = (ms = 50) => new Promise(resolve => { setTimeout(resolve, ms) })

/** One client after the other, each in a random way. */
export async function beRude (world) {
  const box = world.latest
  if (box === undefined) return await world.pause(500, 1_000)
  const began = performance.now()
  const names = Object.keys(WAYS)
  const name = names[Math.floor(Math.random() * names.length)]
  const { hostname, port } = new URL(world.server.url)
  const socket = net.connect({ host: hostname, port: Number(port), allowHalfOpen: true })
  let answer = ''
  socket.on('data', chunk => { if (answer.length < 100) answer += chunk.toString('latin1') })
  const closed = new Promise(resolve => { socket.on('close', resolve) })
  socket.on('error', () => {})
  await Promise.race([once(socket, 'connect').catch(() => {}), closed])
  // What is written to a connection that is closed already is an error, which is ignored.
  await WAYS[name](socket, box, () => Promise.race([closed, world.pause(...HOLD)])).catch(() => {})
  socket.destroy()
  await closed
  const status = Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0)
  if (status >= 500 && status !== 503) world.wrong(`a rude client (${name}) was answered ${status}`)
  if (!world.server.wasDownSince(began)) world.count(`rude: ${name}`)
  await world.pause(100, 1_000)
}
