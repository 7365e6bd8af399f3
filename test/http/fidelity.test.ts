import fc from 'fast-check'
import t from 'tap'
import { build, isProblem, jsonText } from '../helpers/build.js'

/** JSON texts as anyone may write them: any white space, any escapes, any spelling of a number. */
const space = fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r'), maxLength: 3 })
const padded = (text: fc.Arbitrary<string>) => fc.tuple(space, text, space).map(parts => parts.join(''))
const escape = fc.constantFrom('\\n', '\\/', '\\"', '\\\\', '\\u0000', '\\ud83d', '\\udc4b', '\\uD83D\\udc4b', '\\u2028', '\\u0041')
const character = fc.oneof(escape, fc.constantFrom(...' !#/[]~'), fc.constantFrom('\u2028', '\u2029', '\ufeff', '\u007f', 'é', '👋'))
const string = fc.array(character, { maxLength: 8 }).map(characters => `"${characters.join('')}"`)
const key = fc.oneof(string, fc.constantFrom('"__proto__"', '"constructor"', '"toString"', '""'))
const number = fc.constantFrom('0', '-0', '1', '1e999', '-1E+999', '1.0', '0.1e-400', '12345678901234567890', '1e2', '3.141592653589793238462643')
const { value: jsonTexts } = fc.letrec<{ value: string }>(again => ({
  value: padded(fc.oneof({ maxDepth: 4 },
    fc.constantFrom('null', 'true', 'false'), number, string,
    fc.array(again('value'), { maxLength: 4 }).map(items => `[${items.join(',')}]`),
    fc.array(fc.tuple(padded(key), again('value')), { maxLength: 4 }).map(members => `{${members.map(([name, value]) => `${name}:${value}`).join(',')}}`)))
}))

t.test('a message is returned unchanged by every way of reading', async t => {
  const { app, createBox } = await build(t)
  await fc.assert(fc.asyncProperty(fc.array(jsonTexts, { minLength: 1, maxLength: 5 }), async texts => {
    const box = await createBox()
    for (const text of texts) {
      const { statusCode } = await app.inject({ method: 'POST', url: box.messages, ...jsonText(text) })
      if (statusCode !== 200) return false
    }
    const read = await box.read()
    const last = await box.read(`?after=${texts.length - 1}`)
    const classic = await app.inject({ url: `/box.php?box=${box.id}` })
    return read.body === `{"type":"msgs","data":[${texts.join(',')}],"next":${texts.length}}` &&
      last.body === `{"type":"msgs","data":[${texts.at(-1)}],"next":${texts.length}}` &&
      classic.body === `{"type":"msgs","data":[${texts.join(',')}]}`
  }), { numRuns: 200 })
})

t.test('any string survives a text body and the classic API', async t => {
  const { app, createBox } = await build(t)
  await fc.assert(fc.asyncProperty(fc.string({ unit: 'binary', minLength: 1 }), async text => {
    const box = await createBox()
    await app.inject({ method: 'POST', url: box.messages, headers: { 'content-type': 'text/plain' }, payload: text })
    await app.inject({ url: '/box.php', query: { box: box.id, msg: text } })
    const { data } = (await app.inject({ method: 'DELETE', url: box.messages })).json()
    return data.length === 2 && data[0] === text && data[1] === text
  }), { numRuns: 200 })
})

t.test('what is not JSON is refused', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  const texts = [
    '{a:1}', "'a'", '01', '+1', '.5', 'NaN', 'Infinity', 'undefined', '[1,]', '{"a":1,}', '"\n"', '"\\x"', '"\\u12"', '1 2', '"a', '\u00a01', '// c\n1', '\ufeff1', '1\0', '\u20281'
  ]
  for (const text of texts) isProblem(t, await app.inject({ method: 'POST', url: box.messages, ...jsonText(text) }), 400, 'BOX_ERR_INVALID')
  t.same((await box.read()).json().data, [])
})

t.test('what is not UTF-8 is refused', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  const wrong = [[0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe9], [0xfe, 0xff, 0x00, 0x31]]
  for (const bytes of wrong) {
    const payload = Buffer.from([0x22, ...bytes, 0x22])
    isProblem(t, await app.inject({ method: 'POST', url: box.messages, ...jsonText(payload) }), 400, 'BOX_ERR_INVALID')
    isProblem(t, await app.inject({ method: 'POST', url: box.messages, headers: { 'content-type': 'text/plain' }, payload }), 400, 'BOX_ERR_INVALID')
  }
  t.same((await box.read()).json().data, [])
})

t.test('deep nesting is returned as it was sent', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  const deep = '['.repeat(32_000) + ']'.repeat(32_000)
  t.equal((await app.inject({ method: 'POST', url: box.messages, ...jsonText(deep) })).statusCode, 200)
  t.equal((await box.read()).body, `{"type":"msgs","data":[${deep}],"next":1}`)
  isProblem(t, await app.inject({ method: 'POST', url: box.messages, ...jsonText('['.repeat(60_000)) }), 400, 'BOX_ERR_INVALID')
})
