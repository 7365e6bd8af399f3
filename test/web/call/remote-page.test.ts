import t from 'tap'
import type { PageMessage } from '../../../src/web/call/page-messages.js'
import { remotePage } from './fake-page.js'

const chat = (n: number): PageMessage => ({ type: 'chat', text: String(n) })

t.test('what a page says before anybody listens is not lost, and comes in order', async t => {
  const { channel, page } = remotePage()
  for (let n = 0; n < 16; n++) channel.hear(JSON.stringify(chat(n)))
  const heard: PageMessage[] = []
  page.listen(message => { heard.push(message) })
  for (let n = 16; n < 100; n++) channel.hear(JSON.stringify(chat(n)))
  t.same(heard, Array.from({ length: 100 }, (_, n) => chat(n)))
  t.equal(channel.closed, 0)
})

t.test('a page that says ever more before anybody listens is cut off', async t => {
  const { channel, page } = remotePage()
  for (let n = 0; n < 1_000; n++) channel.hear(JSON.stringify(chat(n)))
  t.ok(channel.closed > 0)
  let heard = 0
  page.listen(() => { heard++ })
  t.equal(heard, 16)
})

t.test('of any number of tracks, the first of each kind is taken', async t => {
  const { connection, page } = remotePage()
  for (let n = 0; n < 20; n++) {
    for (const kind of ['audio', 'video']) {
      connection.dispatchEvent(Object.assign(new Event('track'), { track: { kind, n }, receiver: {}, transceiver: { sender: { n } } }))
    }
  }
  t.same(page.stream.getTracks(), [{ kind: 'audio', n: 0 }, { kind: 'video', n: 0 }])
  t.same(page.senders, { audio: { n: 0 }, video: { n: 0 } })
})
