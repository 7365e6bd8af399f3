import fc from 'fast-check'
import t from 'tap'
import { cleanName, MAX_NAME_LENGTH } from '../../../src/web/text/names.js'

t.test('a name stays as it was written', async t => {
  for (const name of ['Ada', 'Ada Lovelace', 'Łukasz', '김민지', 'שָׁלוֹם', 'สวัสดี', '👩‍👩‍👧', '👩‍❤️‍👩', 'नमस्‍ते', 'می‌خواهم', '葛\u{e0100}城']) t.equal(cleanName(name), name)
})

t.test('a name is one line without invisible characters', async t => {
  t.equal(cleanName('  Ada\n\n\t Lovelace '), 'Ada Lovelace')
  t.equal(cleanName('\u202eadA\u2066\u200b'), 'adA')
  t.equal(cleanName('\u0000\u2028 \u00ad'), '')
})

t.test('a name that shows nothing is none, and blanks that are no spaces are left out', async t => {
  const invisible = ['\u200d', '\u200c', '\u034f', '\u2800', '\ufe0f', '\u{e0100}', '\u180b', '\u17b4', '\ufff9', '\ufffc', '\u{1d173}', '\u{1bca0}', '\u{e0fff}']
  for (const character of invisible) {
    t.equal(cleanName(character.repeat(5)), '', JSON.stringify(character))
    t.equal(cleanName(` ${character} Ada`), 'Ada')
  }
  t.equal(cleanName(`Ada${'\u2800'.repeat(20)}\u034fL`), 'AdaL')
  t.equal(cleanName(`Ada${'\u200d'.repeat(20)}L`), 'Ada\u200d\u200dL')
})

t.test('combining marks do not pile up', async t => {
  t.equal(cleanName(`a${'\u0301'.repeat(200)}b`), `a${'\u0301'.repeat(4)}b`)
  t.equal(cleanName(`a${'\u0301\u200d'.repeat(30)}b`), `a${'\u0301\u200d'.repeat(4)}b`, 'nor where they are joined')
})

t.test('a name is cut between two characters', async t => {
  t.equal(cleanName('😀'.repeat(100)), '😀'.repeat(MAX_NAME_LENGTH))
})

t.test('a cleaned name is short, whatever the input, and cleaning it again changes nothing', async t => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 500 }), text => {
    const name = cleanName(text)
    return [...name].length <= MAX_NAME_LENGTH && cleanName(name) === name && !/[\n\r\u202e]/.test(name)
  }), { numRuns: 2_000 })
  t.pass()
})
