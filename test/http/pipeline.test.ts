import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { build, jsonText } from '../helpers/build.js'
import { watchedStore } from '../helpers/stream-reader.js'

const LONGEST = 100

/** A connection whose first request waits for a message, with so many more behind it. */
async function pipelined (t: Test, behind: number) {
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
  socket.write(`GET ${box.messages}?wait=60 HTTP/1.1\r\nhost: x\r\n\r\n` + 'POST /boxes HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n'.repeat(behind))
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
