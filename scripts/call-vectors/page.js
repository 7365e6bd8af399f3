/* What the call page makes of a text from the other page: the message that it takes, or null if it ignores the text. */

import { createHash } from 'node:crypto'

const text = (why, value, taken) => ({ why, text: typeof value === 'string' ? value : JSON.stringify(value), taken: taken === true ? value : taken })

const name = (why, name, taken) => text(why, { type: 'name', name }, taken === null ? null : { type: 'name', name: taken })
const media = (why, members, taken) => text(why, { type: 'media', ...members }, taken && { type: 'media', ...taken })
const on = { audio: true, video: true }

const messages = [
  text('a hello', { type: 'hello' }, true),
  text('a welcome', { type: 'welcome' }, true),
  text('unknown members', { type: 'hello', more: 1 }, { type: 'hello' }),
  text('an unknown type', { type: 'new' }, null),
  text('no type', {}, null),
  ...['', 'hello', 'null', '5', '"hello"', '["hello"]', '{"type":"hello"'].map(not => text('no JSON object', not, null)),
  media('sound and a picture', on, on),
  media('neither', { audio: false, video: false }, { audio: false, video: false }),
  media('a screen', { ...on, screen: true }, { ...on, screen: true }),
  ...[false, 1, 'true', null].map(screen => media('no screen', { ...on, screen }, on)),
  media('nothing about sound', { video: true }, null),
  media('a number in place of true', { audio: 1, video: true }, null),
  name('a name', 'Ada Lovelace', 'Ada Lovelace'),
  name('markup', '<b>Ada</b>', '<b>Ada</b>'),
  name('40 characters', 'a'.repeat(40), 'a'.repeat(40)),
  name('41 characters', 'a'.repeat(41), 'a'.repeat(40)),
  name('40 characters of two units', '😀'.repeat(40), '😀'.repeat(40)),
  name('41 characters of two units', '😀'.repeat(41), '😀'.repeat(40)),
  name('a line break', 'Ada\r\nLovelace', 'Ada Lovelace'),
  name('several spaces', ' Ada \t Lovelace ', 'Ada Lovelace'),
  name('a change of direction', '\u202eAda', 'Ada'),
  name('invisible characters', '\u200bA\u2060da\u0000', 'Ada'),
  name('spaces only', ' \n', null),
  name('invisible characters only', '\u202e\u200b', null),
  name('an empty name', '', null),
  name('a number', 7, null),
  text('no name', { type: 'name' }, null),
  text('a chat message', { type: 'chat', text: 'Hello <b>you</b>\n😀' }, true),
  text('4,000 units', { type: 'chat', text: 'a'.repeat(4_000) }, true),
  text('4,001 units', { type: 'chat', text: 'a'.repeat(4_001) }, { type: 'chat', text: 'a'.repeat(4_000) }),
  text('white space only', { type: 'chat', text: ' \n\t' }, null),
  text('an empty chat message', { type: 'chat', text: '' }, null),
  text('a number', { type: 'chat', text: 5 }, null),
  text('no text', { type: 'chat' }, null)
]

/** What arrives before the page can handle it. */
const chats = length => Array.from({ length }, (_, index) => ({ type: 'chat', text: String(index) }))
const early = [
  { why: '16 messages', texts: chats(16).map(chat => JSON.stringify(chat)), taken: chats(16), closed: false },
  { why: '17 messages', texts: chats(17).map(chat => JSON.stringify(chat)), taken: chats(16), closed: true },
  { why: '16 messages, and what is ignored', texts: ['{"type":"new"}', ...chats(16).map(chat => JSON.stringify(chat)), 'hello'], taken: chats(16), closed: false }
]

const id = '0123456789abcdef'.repeat(2)
const key = 'f'.repeat(32)
const hash = '0123456789abcdef'.repeat(4)
const known = length => Array.from({ length }, (_, index) => String(index).padStart(32, '0'))
const offer = { type: 'offer', id, key, name: 'a.txt', size: 5 }
const padded = length => {
  const begin = `{"type":"have","id":"${id}","blocks":1,"more":"`
  return `${begin}${'a'.repeat(length - begin.length - 2)}"}`
}

const files = [
  text('nothing is known', { type: 'ready', known: [] }, true),
  text('128 transfers', { type: 'ready', known: known(128) }, true),
  text('129 transfers', { type: 'ready', known: known(129) }, null),
  text('what is no id', { type: 'ready', known: [id, 'a'] }, null),
  text('no list', { type: 'ready' }, null),
  text('an offer', offer, true),
  text('an empty file', { ...offer, size: 0 }, true),
  text('the largest number', { ...offer, size: 2 ** 53 - 1 }, true),
  ...[2 ** 53, -1, 0.5, '5', null].map(size => text('what is no size', { ...offer, size }, null)),
  text('255 units', { ...offer, name: 'a'.repeat(255) }, true),
  text('256 units', { ...offer, name: 'a'.repeat(256) }, null),
  text('an empty name', { ...offer, name: '' }, true),
  text('no name', { ...offer, name: undefined }, null),
  text('unknown members', { ...offer, more: 1 }, offer),
  ...[id.toUpperCase(), id.slice(1), `${id}0`, `${id}\n`, 5].flatMap(other => [text('what is no id', { ...offer, id: other }, null), text('what is no key', { ...offer, key: other }, null)]),
  ...['accept', 'begin', 'have'].flatMap(type => [
    text('no blocks', { type, id, blocks: 0 }, true),
    text('some blocks', { type, id, blocks: 7 }, true),
    text('a negative number', { type, id, blocks: -1 }, null),
    text('no number', { type, id }, null),
    text('no id', { type, blocks: 1 }, null)
  ]),
  text('a hash', { type: 'block', hash }, true),
  text('a hash in upper case', { type: 'block', hash: hash.toUpperCase() }, null),
  text('a hash that is too short', { type: 'block', hash: hash.slice(1) }, null),
  ...['stopped', 'unreadable', 'damaged', 'storage', 'busy', 'unknown'].map(reason => text(`the reason ${reason}`, { type: 'cancel', id, reason }, true)),
  ...['other', 5, undefined].map(reason => text('another reason, or none', { type: 'cancel', id, reason }, { type: 'cancel', id, reason: 'stopped' })),
  text('no id', { type: 'cancel', reason: 'stopped' }, null),
  text('an unknown type', { type: 'new', id }, null),
  ...['', 'null', '5', '[]', '{"type":"ready"'].map(not => text('no JSON object', not, null)),
  text('8,192 units', padded(8_192), { type: 'have', id, blocks: 1 }),
  text('8,193 units', padded(8_193), null)
]

/** The hashes of the blocks of a file, whose bytes are a text that is repeated. */
const BLOCK = 1_048_576
function hashesOf (bytes) {
  const hashes = []
  for (let start = 0; start === 0 || start < bytes.length; start += BLOCK) {
    const previous = hashes.length === 0 ? Buffer.alloc(0) : Buffer.from(hashes.at(-1), 'hex')
    hashes.push(createHash('sha256').update(previous).update(bytes.subarray(start, start + BLOCK)).digest('hex'))
  }
  return hashes
}
const blocks = [['', 0], ['hello', 1], ['0123456789abcdef', 65_536], ['0123456789abcdef', 65_537], ['abc', 1_000_000]].map(([text, times]) => {
  const bytes = Buffer.from(text.repeat(times))
  return { text, times, size: bytes.length, hashes: hashesOf(bytes) }
})

export const page = { messages, early, files, blocks }
