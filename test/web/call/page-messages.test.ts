import fc from 'fast-check'
import t from 'tap'
import { MAX_CHAT_LENGTH, parseMessage, type PageMessage } from '../../../src/web/call/page-messages.js'

t.test('one page understands what the other sends', async t => {
  const messages: PageMessage[] = [
    { type: 'hello' }, { type: 'welcome' },
    { type: 'media', audio: true, video: false }, { type: 'media', audio: false, video: true, screen: true }, { type: 'chat', text: '<b>hello</b>' }, { type: 'name', name: 'Ada <b>Lovelace</b>' }
  ]
  for (const message of messages) t.same(parseMessage(JSON.stringify(message)), message)
})

t.test('anything else is not a message', async t => {
  const data = fc.oneof(fc.string(), fc.json(), fc.uint8Array(), fc.anything(),
    fc.record({ type: fc.constantFrom('media', 'chat', 'name', 'toString'), text: fc.constant('  '), name: fc.constantFrom(7, ' \u202e\n'), audio: fc.constant(1) }).map(value => JSON.stringify(value)))
  fc.assert(fc.property(data, data => parseMessage(data) === undefined))
  t.pass()
})

t.test('only a page that says so sends a screen', async t => {
  for (const screen of [undefined, false, 1, 'true', {}]) {
    t.same(parseMessage(JSON.stringify({ type: 'media', audio: true, video: true, screen })), { type: 'media', audio: true, video: true })
  }
})

t.test('a long chat message is truncated', async t => {
  t.same(parseMessage(JSON.stringify({ type: 'chat', text: 'a'.repeat(MAX_CHAT_LENGTH + 1) })), { type: 'chat', text: 'a'.repeat(MAX_CHAT_LENGTH) })
})

t.test('a received name is cleaned and shortened', async t => {
  t.same(parseMessage(JSON.stringify({ type: 'name', name: `\u202e${'a'.repeat(100_000)}\n` })), { type: 'name', name: 'a'.repeat(40) })
})
