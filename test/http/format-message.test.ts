import fc from 'fast-check'
import t from 'tap'
import { formatMessage, GONE, HEARTBEAT, OPENING } from '../../src/http/event-stream.js'
import { parseEvents } from '../helpers/stream-reader.js'

/** A value as JSON with line breaks of every kind between its tokens. */
const texts = fc.tuple(fc.json(), fc.array(fc.constantFrom('\n', '\r', '\r\n', ' '), { maxLength: 6 })).map(([json, breaks]) => {
  const white = breaks.join('')
  return white + json.replaceAll(/(?<=^|[^\\"\w.+-])([[\]{},:])/g, `$1${white}`) + white
}).filter(text => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
})

t.test('every message can be read back from its event, with its number and value', async () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(), texts), { maxLength: 5 }), messages => {
    const stream = OPENING + messages.map(([seq, text]) => formatMessage(seq, text) + HEARTBEAT).join('')
    const events = parseEvents(stream)
    return events.length === messages.length && events.every((event, i) => {
      const [seq, text] = messages[i]!
      return event.id === String(seq) && event.event === undefined && JSON.stringify(JSON.parse(event.data)) === JSON.stringify(JSON.parse(text))
    })
  }), { numRuns: 500 })
})

t.test('a text without line breaks is one line, unchanged', async t => {
  t.equal(formatMessage(7, '{"a":"\u2028 é"}'), 'id: 7\ndata: {"a":"\u2028 é"}\n\n')
})

t.test('CR LF, CR and LF each end a line', async t => {
  t.equal(formatMessage(1, '[\r\n1,\r2,\n3]'), 'id: 1\ndata: [\ndata: 1,\ndata: 2,\ndata: 3]\n\n')
})

t.test('the opening and the heartbeat are not events; gone is', async t => {
  t.same(parseEvents(OPENING + HEARTBEAT), [])
  t.same(parseEvents(GONE), [{ event: 'gone', data: '{"type":"gone"}' }])
})
