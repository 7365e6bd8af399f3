import t from 'tap'
import { classicMsgs, msgs } from '../../src/http/responses.js'
import type { Page } from '../../src/store/store.js'
import { build, json } from '../helpers/build.js'

/** More than one piece each. */
const LARGE: Record<string, string[]> = {
  'a single message': ['m'.repeat(100_000)],
  'several messages': ['m'.repeat(40_000), '', 'n'.repeat(40_000), 'o'],
  'messages beyond ASCII': ['é'.repeat(40_000), 'ж'.repeat(40_000), '🜁'.repeat(20_000)],
  'half a surrogate pair, which JSON may contain only as an escape': ['\ud83c'.repeat(40_000)]
}

function pageOf (messages: string[]): Page {
  return { texts: messages.map(message => JSON.stringify(message)), next: messages.length, expires: 0 }
}

for (const [what, messages] of Object.entries(LARGE)) {
  t.test(`a large page is built as bytes, with no string of it: ${what}`, async t => {
    const page = pageOf(messages)
    for (const [body, cursor] of [[msgs(page), { next: page.next }], [classicMsgs(page), {}]] as const) {
      t.type(body, Buffer)
      t.same(JSON.parse(String(body)), { type: 'msgs', data: messages, ...cursor })
    }
  })

  t.test(`it arrives as it was stored: ${what}`, async t => {
    const { app, createBox } = await build(t, { maxMessageBytes: 512 * 1024 })
    const box = await createBox()
    for (const message of messages) await app.inject({ method: 'POST', url: box.messages, ...json(message) })
    const read = await app.inject(box.messages)
    t.same(read.json(), { type: 'msgs', data: messages, next: messages.length })
    t.equal(read.headers['content-type'], 'application/json; charset=utf-8')
    t.equal(Number(read.headers['content-length']), read.rawPayload.length)
    const head = await app.inject({ method: 'HEAD', url: box.messages })
    t.equal(head.headers['content-length'], read.headers['content-length'])
    const drained = await app.inject({ method: 'DELETE', url: box.messages })
    t.equal(drained.body, read.body)
  })
}

t.test('a small page is a string', async t => {
  t.equal(msgs(pageOf(['a', 'b'])), '{"type":"msgs","data":["a","b"],"next":2}')
  t.equal(classicMsgs(pageOf([])), '{"type":"msgs","data":[]}')
})
