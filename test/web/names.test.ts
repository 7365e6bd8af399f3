import fc from 'fast-check'
import t from 'tap'
import { cleanName, MAX_NAME_LENGTH } from '../../src/web/names.js'

t.test('a name stays as it was written', async t => {
  for (const name of ['Ada', 'Ada Lovelace', 'Łukasz', '김민지', 'שָׁלוֹם', 'สวัสดี', '👩‍👩‍👧']) t.equal(cleanName(name), name)
})

t.test('a name is one line without invisible characters', async t => {
  t.equal(cleanName('  Ada\n\n\t Lovelace '), 'Ada Lovelace')
  t.equal(cleanName('\u202eadA\u2066\u200b'), 'adA')
  t.equal(cleanName('\u0000\u2028 \u00ad'), '')
})

t.test('combining marks do not pile up', async t => {
  t.equal(cleanName(`a${'\u0301'.repeat(200)}b`), `a${'\u0301'.repeat(4)}b`)
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
