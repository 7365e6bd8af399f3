import assert from 'node:assert/strict'
import t from 'tap'
import fc from 'fast-check'
import { EventParser, type StreamEvent } from '../../clients/typescript/src/event-parser.js'

const encode = (text: string) => new TextEncoder().encode(text)

function parse (...chunks: (string | Uint8Array)[]) {
  const parser = new EventParser(Infinity)
  return chunks.flatMap(chunk => parser.push(typeof chunk === 'string' ? encode(chunk) : chunk))
}

const message = (data: string, id = ''): StreamEvent => ({ type: 'message', data, id })

t.test('an event ends at an empty line', async t => {
  t.strictSame(parse('id: 7\ndata: {"a":1}\n\n'), [message('{"a":1}', '7')])
  t.strictSame(parse('data: 1\n'), [], 'not before')
})

t.test('lines end in CR LF, CR or LF', async t => {
  const expected = [message('1', '1'), message('2', '2')]
  for (const end of ['\n', '\r', '\r\n']) {
    t.strictSame(parse(['id: 1', 'data: 1', '', 'id: 2', 'data: 2', '', ''].join(end)), expected)
  }
})

t.test('a CR at the end of a chunk ends its line at once, and only once', async t => {
  t.strictSame(parse('data: 1\r\r'), [message('1')])
  t.strictSame(parse('data: a\r', '\ndata: b\r', '\n\r', '\n'), [message('a\nb')])
})

t.test('several data fields are joined by line feeds', async t => {
  t.strictSame(parse('data: [1,\ndata: 2]\n\n'), [message('[1,\n2]')])
  t.strictSame(parse('data\n\n'), [message('')])
  t.strictSame(parse('data:\ndata:\n\n'), [message('\n')])
})

t.test('one space after the colon is not part of the value', async t => {
  t.strictSame(parse('data:x\n\ndata:  x\n\n'), [message('x'), message(' x')])
})

t.test('comments, unknown fields and events without data are ignored', async t => {
  t.strictSame(parse(': hello\n\n', 'retry: 1500\n\n', 'colour: red\n\n', 'event: empty\n\n', 'data: 1\n\n'), [message('1')])
})

t.test('an event\'s type applies only to that event', async t => {
  t.strictSame(parse('event: gone\ndata: {}\n\ndata: 1\n\n'), [{ type: 'gone', data: '{}', id: '' }, message('1')])
})

t.test('an id applies until the next one, and one with a NUL is ignored', async t => {
  t.strictSame(parse('id: 3\ndata: a\n\ndata: b\n\nid: 4\0\ndata: c\n\nid\ndata: d\n\n'),
    [message('a', '3'), message('b', '3'), message('c', '3'), message('d', '')])
})

t.test('a byte order mark is skipped at the start only', async t => {
  t.strictSame(parse('\uFEFFdata: 1\n\n'), [message('1')])
  t.strictSame(parse(Uint8Array.of(0xEF), Uint8Array.of(0xBB), Uint8Array.of(0xBF), 'data: 1\n\n'), [message('1')])
  t.strictSame(parse('data: \uFEFF1\n\n'), [message('\uFEFF1')])
})

const line = fc.string({ unit: 'binary' }).map(text => text.replace(/[\r\n\0]/g, ''))
const eol = fc.constantFrom('\n', '\r', '\r\n')
const event = fc.record({ id: line, type: line, data: fc.array(line, { minLength: 1, maxLength: 3 }) })
const cuts = fc.array(fc.nat(), { maxLength: 40 })

function cut (bytes: Uint8Array, places: number[]) {
  const ends = [...new Set(places.map(place => place % (bytes.length + 1))), bytes.length].sort((a, b) => a - b)
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end))
}

t.test('any bytes, cut anywhere, give the same events', async () => {
  const fragment = fc.oneof(eol, line, fc.constantFrom('data:', 'data: ', 'event:', 'id:', ':', '\0', '\uFEFF', '😀'))
  const bytes = fc.oneof(
    fc.array(fragment, { maxLength: 40 }).map(parts => encode(parts.join(''))),
    fc.uint8Array({ maxLength: 100 }))
  fc.assert(fc.property(bytes, cuts, (bytes, places) => {
    assert.deepEqual(parse(...cut(bytes, places)), parse(bytes))
  }), { numRuns: 500 })
})

t.test('events survive writing and parsing', async () => {
  fc.assert(fc.property(fc.array(event, { maxLength: 5 }), eol, cuts, (events, end, places) => {
    const text = events.map(({ id, type, data }) =>
      [`id: ${id}`, `event: ${type}`, ...data.map(line => `data: ${line}`), '', ''].join(end)).join('')
    const expected = events.map(({ id, type, data }) => ({ type: type || 'message', data: data.join('\n'), id }))
    assert.deepEqual(parse(...cut(encode(text), places)), expected)
  }), { numRuns: 500 })
})

t.test('an endless event is abandoned', async t => {
  const parser = new EventParser(10_000)
  const line = encode(`data: ${'x'.repeat(1_000)}\n`)
  t.throws(() => { for (let lines = 0; lines < 11; lines++) parser.push(line) }, { name: 'ResponseTooLargeError' })
})
