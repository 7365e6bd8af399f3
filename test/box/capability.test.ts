import { createHash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { BOX_ID, CAPABILITY_IN_TEXT, DROP_ADDRESS, dropAddress, newBoxId, parseCapability } from '../../src/box/capability.js'

const id = fc.uint8Array({ minLength: 24, maxLength: 24 }).map(bytes => `box_${Buffer.from(bytes).toString('base64url')}`)

t.test('a box id is 24 random bytes, different each time', async t => {
  const ids = Array.from({ length: 1000 }, newBoxId)
  t.equal(new Set(ids).size, 1000)
  for (const boxId of ids) t.match(boxId, new RegExp(BOX_ID))
  t.equal(Buffer.from(ids[0]!.slice(4), 'base64url').length, 24)
})

t.test('the drop address is the first 24 bytes of SHA-256 over the label, a zero byte and the id', async () => {
  fc.assert(fc.property(id, boxId => {
    const digest = createHash('sha256').update('signalbox drop v1').update(Buffer.from([0])).update(boxId, 'ascii').digest()
    return dropAddress(boxId) === `drop_${digest.subarray(0, 24).toString('base64url')}`
  }))
})

t.test('a fixed vector, for other implementations', async t => {
  t.equal(dropAddress(`box_${'A'.repeat(32)}`), 'drop_kclPDOpL4YapJtLlwl5T4dc8Sf2X8r97')
})

t.test('a capability is recognized by its form, and both lead to the same box', async () => {
  fc.assert(fc.property(id, boxId => {
    const owner = parseCapability(boxId)
    const drop = parseCapability(dropAddress(boxId))
    return owner?.owner === true && drop?.owner === false && owner.drop === drop.drop && new RegExp(DROP_ADDRESS).test(drop.drop)
  }))
})

t.test('anything else is not a capability', async t => {
  const good = `box_${'A'.repeat(32)}`
  for (const text of ['', 'box_', 'box', good.slice(1), good.slice(0, -1), `${good}A`, `${good}\n`, `\n${good}`, ` ${good}`, good.toUpperCase(), good.replace('_', '-'), `box_${'A'.repeat(31)}+`, `box_${'A'.repeat(31)}=`, `box_${'A'.repeat(31)}\0`, `box_${'Ａ'.repeat(32)}`, `crop_${'A'.repeat(32)}`]) {
    t.equal(parseCapability(text), undefined, JSON.stringify(text))
  }
  fc.assert(fc.property(fc.string(), text => parseCapability(text) === undefined))
})

t.test('each kind has a form of its own, and both are found in a text', async t => {
  const boxId = `box_${'A'.repeat(32)}`
  const drop = dropAddress(boxId)
  for (const text of [drop, `${boxId}A`, ` ${boxId}`]) t.notMatch(text, new RegExp(BOX_ID))
  for (const text of [boxId, `${drop}A`, ` ${drop}`]) t.notMatch(text, new RegExp(DROP_ADDRESS))
  const found = [...`GET /boxes/${boxId}/messages, from ${drop}`.matchAll(new RegExp(CAPABILITY_IN_TEXT, 'g'))]
  t.same(found.map(([text, kind]) => [text, kind]), [[boxId, 'box'], [drop, 'drop']])
})
