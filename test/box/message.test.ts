import fc from 'fast-check'
import t from 'tap'
import { decode, messageFromJson, messageFromString, messageFromText, messageFromValue, parseJson, withKey } from '../../src/box/message.js'

t.test('JSON text is kept unchanged, and its length is in bytes', async () => {
  fc.assert(fc.property(fc.json(), json => {
    const text = ` ${json}\n`
    const message = messageFromJson(Buffer.from(text))
    return message.text === text && message.bytes === Buffer.byteLength(text) && message.key === undefined
  }))
})

t.test('any text becomes a JSON string with that value', async () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), value => {
    const message = messageFromText(Buffer.from(value))
    return JSON.parse(message.text) === value && message.bytes === Buffer.byteLength(message.text)
  }))
})

t.test('a lone surrogate in a string is escaped, so that it survives UTF-8', async t => {
  const { text, bytes } = messageFromString('\ud83d')
  t.equal(text, '"\\ud83d"')
  t.equal(bytes, 8)
})

t.test('bytes that are not UTF-8, and texts that are not JSON, are refused', async t => {
  t.throws(() => decode(Buffer.from([0xff])), { code: 'BOX_ERR_INVALID', statusCode: 400, message: /the body is not valid UTF-8/ })
  t.throws(() => messageFromText(Buffer.from([0xc0, 0x80])), { code: 'BOX_ERR_INVALID' })
  t.throws(() => parseJson('{canary'), { code: 'BOX_ERR_INVALID', message: /^(?!.*canary).*the body is not valid JSON/, cause: SyntaxError })
  t.throws(() => messageFromJson(Buffer.from('')), { code: 'BOX_ERR_INVALID' })
})

t.test('a value of this program that JSON cannot hold is refused, with the reason if there is one', async t => {
  const circular: unknown[] = []
  circular.push(circular)
  for (const value of [circular, 1n]) t.throws(() => messageFromValue(value), { code: 'BOX_ERR_INVALID', cause: TypeError })
  for (const value of [undefined, () => {}, Symbol('s')]) t.throws(() => messageFromValue(value), { code: 'BOX_ERR_INVALID', message: /must be a JSON value/, cause: undefined })
})

t.test('the digest of a key covers the exact body', async t => {
  const digest = (text: string) => withKey({ text, bytes: text.length }, 'k').key?.digest
  t.equal(digest('1'), digest('1'))
  t.not(digest('1'), digest('1 '))
  t.same(withKey({ text: '1', bytes: 1 }, 'k').key, { id: 'k', digest: 'a4ayc_80_OGda4BO_1o_V0' }, 'stores keep it, so another version must compute the same')
})
