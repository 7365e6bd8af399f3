import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { build, jsonText } from '../helpers/build.js'
import { watchedStore } from '../helpers/stream-reader.js'

const LONGEST = 100

/** A connection whose first request waits for a message, with so many more behind it. */
async function pipelined (t: Test, behind: number, pad = '') {
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
  socket.write(`GET ${box.messages}?wait=60 HTTP/1.1\r\nhost: x\r\n\r\n` + 'POST /boxes HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n'.concat(pad, '\r\n').repeat(behind))
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

t.test('so is one whose waiting requests have too many headers', async t => {
  const { watch, closed, answers } = await pipelined(t, 20, Array.from({ length: 900 }, (_, i) => `a${i}: 1\r\n`).join(''))
  await closed
  await watch.until(0)
  t.equal(answers(), 0)
})

t.test('a request with a body ends the long-poll ahead of it, since a connection that is not read does not tell of a client that leaves', async t => {
  const { app, createBox } = await build(t, { rateLimit: false })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const [box, other] = [await createBox(), await createBox()]
  const socket = net.connect({ port: (app.server.address() as AddressInfo).port, host: '127.0.0.1' })
  t.teardown(() => { socket.destroy() })
  let received = ''
  socket.on('data', data => { received += data })
  socket.write(`GET ${box.messages}?wait=60 HTTP/1.1\r\nhost: x\r\n\r\nPOST ${other.messages} HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: 1\r\n\r\n1`)
  while (received.match(/HTTP\/1.1 200/g)?.length !== 2) await once(socket, 'data')
  t.same((await app.inject(other.messages)).json().data, ['1'])
})
