import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { build, jsonText } from '../helpers/build.js'
import { watchedStore } from '../helpers/stream-reader.js'

const LONGEST = 16

/** A connection whose first request waits for a message, with so many more behind it. */
async function pipelined (t: Test, behind: number, request = 'POST /boxes HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n') {
  const watch = watchedStore()
  const { app, createBox } = await build(t, { store: watch.store, rateLimit: false })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const box = await createBox()
  const socket = net.connect({ port: (app.server.address() as AddressInfo).port, host: '127.0.0.1' })
  t.teardown(() => { socket.destroy() })
  socket.on('error', () => {})
  let received = ''
  socket.on('data', data => { received += data })
  const closed = new Promise(resolve => { socket.once('close', resolve) })
  socket.write(`GET ${box.messages}?wait=60 HTTP/1.1\r\nhost: x\r\n\r\n` + request.repeat(behind))
  return {
    watch,
    closed,
    store: async () => { await app.inject({ method: 'POST', url: box.messages, ...jsonText('1') }) },
    answers: () => received.match(/HTTP\/1.1 20[01]/g)?.length ?? 0,
    more: async () => await once(socket, 'data')
  }
}

t.test('the maximum number of pipelined requests all get a response', async t => {
  const { watch, store, answers, more } = await pipelined(t, LONGEST)
  await watch.until(1)
  await store()
  while (answers() < LONGEST + 1) await more()
  t.equal(answers(), LONGEST + 1)
})

t.test('a connection with more of them is cut off, and its places are freed', async t => {
  const { watch, closed, answers } = await pipelined(t, 20 * LONGEST)
  await closed
  await watch.until(0)
  t.equal(answers(), 0)
})

for (const [what, request] of Object.entries({
  headers: `GET /openapi.json HTTP/1.1\r\nhost: x\r\n${Array.from({ length: 900 }, (_, i) => `a${i}: 1\r\n`).join('')}\r\n`,
  'parameters in their URL': `GET /openapi.json?${Array.from({ length: 1500 }, (_, i) => i).join('&')} HTTP/1.1\r\nhost: x\r\n\r\n`,
  'bytes in their bodies': `POST /boxes HTTP/1.1\r\nhost: x\r\ncontent-length: 9000\r\n\r\n${' '.repeat(9000)}`,
  'chunks of unknown length': 'POST /boxes HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'
})) {
  t.test(`so is one whose waiting requests have too many ${what}`, async t => {
    const { watch, closed, answers } = await pipelined(t, 2, request)
    await closed
    await watch.until(0)
    t.equal(answers(), 0)
  })
}

t.test('a request is handled in its own async context, not in that of the response ahead of it', async t => {
  const storage = new AsyncLocalStorage<string>()
  const seen: Array<[string | undefined, string | undefined]> = []
  const { app } = await build(t, {
    before: app => { app.addHook('onRequest', (request, _reply, done) => { storage.run(request.headers['x-user'] as string, done) }) },
    guard: async request => { seen.push([request.headers['x-user'] as string, storage.getStore()]) }
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const socket = net.connect({ port: (app.server.address() as AddressInfo).port, host: '127.0.0.1' })
  t.teardown(() => { socket.destroy() })
  let received = ''
  socket.on('data', data => { received += data })
  socket.write(['ada', 'bob'].map(user => `POST /boxes HTTP/1.1\r\nhost: x\r\nx-user: ${user}\r\ncontent-length: 0\r\n\r\n`).join(''))
  while (received.match(/HTTP\/1.1 201/g)?.length !== 2) await once(socket, 'data')
  t.same(seen, [['ada', 'ada'], ['bob', 'bob']])
})
