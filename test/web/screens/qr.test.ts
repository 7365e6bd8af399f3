import fc from 'fast-check'
import t from 'tap'
import { darkRuns } from '../../../src/web/screens/qr.js'

t.test('the path covers each dark square once, and no others', async t => {
  const square = fc.integer({ min: 1, max: 12 }).chain(size =>
    fc.array(fc.array(fc.boolean(), { minLength: size, maxLength: size }), { minLength: size, maxLength: size }))
  fc.assert(fc.property(square, rows => {
    const drawn = rows.map(row => row.map(() => 0))
    for (const [, x, y, width, back] of darkRuns(rows).matchAll(/M(\d+) (\d+)h(\d+)v1h-(\d+)z/g)) {
      if (width !== back) return false
      for (let i = 0; i < Number(width); i++) drawn[Number(y)]![Number(x) + i]!++
    }
    return rows.every((row, y) => row.every((dark, x) => drawn[y]![x] === Number(dark)))
  }))
  t.pass()
})
