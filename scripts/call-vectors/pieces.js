/*
 * Messages in pieces. A text is a string, or a list of strings, each with how often it is repeated: the longest ones would
 * fill half a megabyte. In all of them, what is repeated are the same three bytes, so base64url repeats as well.
 */

const base64url = text => Buffer.from(text).toString('base64url')
const bytes = (...numbers) => Buffer.from(numbers)
const MAX_VALUE = 524_288

/** Each side wraps its pieces in its own way. */
const onConnection = piece => JSON.stringify({ type: 'piece', ...piece })
const inBoxes = piece => JSON.stringify(piece)
const spaced = type => piece => ` \n${JSON.stringify({ ...(type && { type }), ...piece }, null, 1)} `

/** All but the last have more to come. */
const cut = (wrap, ...texts) => texts.map((text, index) => wrap({ piece: base64url(text), more: index < texts.length - 1 }))
const oneByteEach = text => [...Buffer.from(text)].map(byte => bytes(byte))

/** A text of so many bytes, which begins and ends with these, in pieces of 24,576 bytes. */
function long (wrap, length, begin, end) {
  const left = length - begin.length - end.length
  const start = begin + 'a'.repeat((3 - begin.length % 3) % 3)
  const fill = left - (start.length - begin.length)
  const middle = Math.floor(fill / 24_576)
  const rest = fill - middle * 24_576
  const [before, after] = wrap({ piece: '|', more: true }).split('|')
  return {
    texts: [
      wrap({ piece: base64url(start), more: true }),
      ...Array.from({ length: middle }, () => [[before, 1], ['YWFh', 8_192], [after, 1]]),
      [[before, 1], ['YWFh', Math.floor(rest / 3)], [base64url('a'.repeat(rest % 3) + end) + after.replace('true', 'false'), 1]]
    ],
    whole: [[start, 1], ['aaa', Math.floor((fill - rest % 3) / 3)], ['a'.repeat(rest % 3) + end, 1]]
  }
}

const signal = JSON.stringify({ type: 'signal', seq: 1, text: 'Grüße 🜁' })
const batch = JSON.stringify([{ seq: 1, text: 'Grüße 🜁' }, { seq: 2 }])
/** In the middle of a character of four bytes. */
const half = text => {
  const at = Buffer.from(text).indexOf('🜁') + 2
  return [Buffer.from(text).subarray(0, at), Buffer.from(text).subarray(at)]
}

const LONGEST_SIGNAL = long(onConnection, MAX_VALUE, '{"type":"signal","seq":1,"text":"', '"}')
const LONGEST_BATCH = long(inBoxes, MAX_VALUE + 2, '[{"seq":1,"text":"', '"}]')

/** Joined, these are the texts in `whole`. They are taken, unless one is `ignored`. */
const joined = [
  { why: 'a character in two pieces', over: 'connection', texts: cut(onConnection, ...half(signal)), whole: signal },
  { why: 'a single piece', over: 'connection', texts: cut(onConnection, signal), whole: signal },
  { why: 'pieces of one byte', over: 'connection', texts: cut(onConnection, ...oneByteEach(signal)), whole: signal },
  { why: 'unknown members', over: 'connection', texts: cut(piece => JSON.stringify({ ...piece, type: 'piece', next: 5 }), ...half(signal)), whole: signal },
  { why: 'a piece in pieces, a message of a type that is not known', over: 'connection', texts: cut(onConnection, ...half(onConnection({ piece: '🜁', more: true }))), whole: onConnection({ piece: '🜁', more: true }), ignored: true },
  { why: 'white space', over: 'connection', texts: cut(spaced('piece'), ...half(`\t${signal}\r\n`)), whole: signal },
  { why: 'a text of 524,288 bytes', over: 'connection', ...LONGEST_SIGNAL },
  { why: 'a character in two pieces', over: 'boxes', texts: cut(inBoxes, ...half(batch)), whole: batch },
  { why: 'a single piece', over: 'boxes', texts: cut(inBoxes, batch), whole: batch },
  { why: 'pieces of one byte', over: 'boxes', texts: cut(inBoxes, ...oneByteEach(batch)), whole: batch },
  { why: 'unknown members', over: 'boxes', texts: cut(piece => JSON.stringify({ ...piece, next: 5 }), ...half(batch)), whole: batch },
  { why: 'white space', over: 'boxes', texts: cut(spaced(), ...half(`\t${batch}\r\n`)), whole: batch },
  { why: 'a value of 524,288 bytes', over: 'boxes', ...LONGEST_BATCH }
]

/** The parts of a malformed piece, on either route. */
const malformed = [
  ['no bytes', { piece: '', more: true }],
  ['padding', { piece: 'YQ==', more: true }],
  ['unused bits that are not zero', { piece: 'YR', more: true }],
  ['another alphabet', { piece: '+/+/', more: true }],
  ['a line break', { piece: 'YWFh\n', more: true }],
  ['a number of characters that nothing is encoded in', { piece: 'YWFhY', more: true }],
  ['bytes in another form', { piece: [97], more: true }],
  ['no piece', { more: true }],
  ['no more', { piece: 'YWFh' }],
  ['more as a text', { piece: 'YWFh', more: 'true' }],
  ['more as a number', { piece: 'YWFh', more: 0 }],
  ['more is null', { piece: 'YWFh', more: null }]
]

const first = wrap => cut(wrap, '{', '}')[0]
const format = { code: 'CALL_ERR_FORMAT' }
const tooLarge = { code: 'CALL_ERR_TOO_LARGE' }
const nonsense = (over, wrap, ...more) => [
  ...malformed.map(([why, piece]) => ({ why, over, texts: [wrap(piece)], ...format })),
  ...malformed.slice(0, 3).map(([why, piece]) => ({ why: `${why}, in the second piece`, over, texts: [first(wrap), wrap(piece)], ...format })),
  ...[['no JSON', '{"'], ['only white space', ' \n'], ['not UTF-8', Buffer.concat([Buffer.from('{"type":"x","x":"'), bytes(0xff), Buffer.from('"}')])], ['a byte order mark', '\ufeff{"type":"x"}'], ...more]
    .map(([why, text]) => ({ why: `joined: ${why}`, over, texts: cut(wrap, text), ...format }))
]

const refused = [
  ...nonsense('connection', onConnection, ['no object', '[]'], ['no type', '{}'], ['a type that is no text', '{"type":1}']),
  { why: 'another message between two pieces', over: 'connection', texts: [first(onConnection), '{"type":"seen","seq":0}'], ...format },
  { why: 'an unknown message between two pieces', over: 'connection', texts: [first(onConnection), '{"type":"new"}'], ...format },
  { why: 'a text of 524,289 bytes', over: 'connection', texts: long(onConnection, MAX_VALUE + 1, '{"type":"signal","seq":1,"text":"', '"}').texts, ...tooLarge },
  { why: '524,289 bytes, and more to come', over: 'connection', texts: [...LONGEST_SIGNAL.texts.slice(0, -1), LONGEST_SIGNAL.texts[1]], ...tooLarge },
  { why: 'a text of 65,537 characters', over: 'connection', texts: [[['{"type":"new","x":"', 1], ['a', 65_537 - 21], ['"}', 1]]], ...tooLarge },
  { why: 'a text of 65,537 UTF-16 code units', over: 'connection', texts: [[['{"type":"new","x":"', 1], ['🜁', 32_758], ['"}', 1]]], ...tooLarge },
  ...nonsense('boxes', inBoxes, ['no batch', '{}'], ['a batch in pieces of a batch', '{"piece":"W10","more":false}'], ['the end', 'null']),
  { why: 'a batch between two pieces', over: 'boxes', texts: [first(inBoxes), '[]'], ...format },
  { why: 'a value of 524,289 bytes', over: 'boxes', texts: long(inBoxes, MAX_VALUE + 3, '[{"seq":1,"text":"', '"}]').texts, ...tooLarge },
  ...['5', '"end"', 'true', '{}', '{"more":true}'].map(text => ({ why: `${text} in place of a batch`, over: 'boxes', texts: [text], ...format })),
  ...['5', 'null', '"end"', '[]'].map(text => ({ why: `${text} in place of a value`, over: 'boxes', texts: [`[{"seq":1},${text}]`], ...format }))
]

/** How a sender sends a text: whole, or in pieces. */
const filled = (begin, end, character, length) => {
  const times = Math.floor((length - begin.length - end.length) / Buffer.byteLength(character))
  const left = length - begin.length - end.length - times * Buffer.byteLength(character)
  return [[begin, 1], [character, times], ['a'.repeat(left) + end, 1]]
}
const sent = [
  ['connection', '{"type":"new","text":"', '"}'],
  ['boxes', '[{"text":"', '"}]']
].flatMap(([over, begin, end]) => [
  { why: '32,768 bytes', over, text: filled(begin, end, 'a', 32_768), whole: true },
  { why: '32,769 bytes', over, text: filled(begin, end, 'a', 32_769), whole: false },
  { why: '32,768 bytes in fewer characters', over, text: filled(begin, end, 'ü', 32_768), whole: true },
  { why: '32,769 bytes in fewer characters', over, text: filled(begin, end, '🜁', 32_769), whole: false }
])

export const pieces = { sent, joined, refused }
