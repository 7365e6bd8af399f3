import t from 'tap'
import { blocksOf, lengthOf, NO_HASH, nextHash, toHex } from '../../src/web/files/blocks.js'
import { parseFileMessage } from '../../src/web/files/file-messages.js'
import { parseMessage, type PageMessage } from '../../src/web/call/page-messages.js'
import { page } from '../webrtc/call-vectors.js'
import { remotePage } from './call/fake-page.js'

t.test('messages of a page', async t => {
  for (const { why, text, taken } of page.messages) t.strictSame(parseMessage(text) ?? null, taken, `${why}: ${text.slice(0, 100)}`)
})

t.test('messages before the page can handle them', async t => {
  for (const { why, texts, taken, closed } of page.early) {
    const { channel, page } = remotePage()
    for (const text of texts) channel.hear(text)
    const heard: PageMessage[] = []
    page.listen(message => { heard.push(message) })
    t.strictSame(heard, taken, why)
    t.equal(channel.closed > 0, closed)
  }
})

t.test('messages about files', async t => {
  for (const { why, text, taken } of page.files) t.strictSame(parseFileMessage(text) ?? null, taken, `${why}: ${text.slice(0, 100)}`)
})

t.test('hashes of the blocks of a file', async t => {
  for (const { text, times, size, hashes } of page.blocks) {
    const bytes = new TextEncoder().encode(text.repeat(times))
    t.equal(bytes.length, size)
    t.equal(blocksOf(size), hashes.length)
    let [hash, start] = [NO_HASH as Uint8Array, 0]
    for (const [block, expected] of hashes.entries()) {
      const end = start + lengthOf(block, size)
      hash = await nextHash(hash, bytes.subarray(start, end))
      start = end
      t.equal(toHex(hash), expected, `block ${block} of ${size} bytes`)
    }
  }
})
