import fc from 'fast-check'
import t from 'tap'
import { legible } from '../../../src/web/text/legible.js'
import { textAndLinks, type Link } from '../../../src/web/text/links.js'

const shown = (text: string) => textAndLinks(text).map(part => typeof part === 'string' ? part : `[${part.before}${part.host}${part.after}]`).join('')
const links = (text: string) => textAndLinks(text).filter(part => typeof part !== 'string') as Link[]

t.test('text stays as it is written', async t => {
  for (const text of ['hello', 'two\nlines\tand a tab', '<b>bold</b> & more', 'שלום, مرحبا', 'e\u0301 👩‍👩‍👧', 'javascript:alert(1) ftp://x']) t.same(textAndLinks(text), [text])
})

t.test('characters that change the writing direction, and other controls, are removed', async t => {
  t.equal(legible('photo_\u202Egpj.exe'), 'photo_gpj.exe')
  t.equal(legible('\u0000a\u001bb\u0085c\u200ed\u200fe\u061cf\u2066g\u2069'), 'abcdefg')
  t.equal(legible('in\u200bvis\u00adible\u3164\u2060\ufeff \u{e0041}\u{e007f}'), 'invisible ')
  t.equal(shown('see \u202Ehttps://a.example/\u202Efdp'), 'see [https://a.example/fdp]')
})

t.test('marks do not pile up over other messages, whatever joins them', async t => {
  t.equal(shown(`Z${'\u0301'.repeat(200)}algo`), `Z${'\u0301'.repeat(4)}algo`)
  t.equal(shown(`Z${'\u0301\u200d'.repeat(200)}algo`), `Z${'\u0301\u200d'.repeat(4)}algo`)
  for (const text of ['שָׁלוֹם', 'नमस्‍ते', 'བསྒྲུབས', '👩‍❤️‍💋‍👨', 'Tiếng Việt']) t.equal(shown(text), text)
})

t.test('web addresses are links, without the punctuation after them', async t => {
  t.same(textAndLinks('see https://a.example/x?y#z, please.'), [
    'see ', { href: 'https://a.example/x?y#z', before: 'https://', host: 'a.example', after: '/x?y#z' }, ', please.'
  ])
  t.equal(shown('http://a.example:8080 HTTPS://B.example/Käse'), '[http://a.example:8080] [https://b.example/Käse]')
})

t.test('the host shown is the one that the link leads to', async t => {
  for (const text of ['https://good.example@evil.example/x', 'https://good.example:443@evil.example/x', 'https://good.example%2F@evil.example/x']) {
    t.equal(shown(text), '[https://evil.example/x]', text)
    t.same(links(text).map(({ href }) => href), ['https://evil.example/x'])
  }
  t.equal(shown('https://evil.example\\@good.example/'), '[https://evil.example\\@good.example/]')
  t.equal(shown('https://gооd.example/'), '[https://xn--gd-fmca.example/]', 'letters of another alphabet are seen')
  t.equal(shown('https:///evil.example/bank https:\\\\evil.example/bank'), '[https://evil.example/bank] https:\\\\evil.example/bank')
  t.same(links('https://[broken'), [])
})

t.test('of many links, only the first few can be followed, but all are shown', async t => {
  const text = Array.from({ length: 1_000 }, (_, i) => `https://a.example/${i}`).join(' ')
  t.equal(links(text).length, 20)
  t.equal(textAndLinks(text).map(part => typeof part === 'string' ? part : part.href).join(''), text)
})

t.test('whatever the text, a link leads to the host that it shows, and nothing invisible remains', async t => {
  const text = fc.array(fc.oneof(fc.constantFrom('https://', 'http://', 'a.example', '@', '/', '\\', ':', '?', '#', '\u202e', '\u2066', ' ', '%2f'), fc.string())).map(parts => parts.join(''))
  fc.assert(fc.property(text, text => {
    for (const { href, before, host, after } of links(text)) {
      const url = new URL(href)
      if (url.host !== host || url.username !== '' || url.password !== '' || new URL(before + host + after).href !== href) return false
    }
    return !/[\u202a-\u202e\u2066-\u2069]/.test(shown(text))
  }), { numRuns: 1000 })
  t.pass()
})
