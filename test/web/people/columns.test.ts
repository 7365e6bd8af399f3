import t from 'tap'
import { columnsFor } from '../../../src/web/people/columns.js'

const wide = { width: 1280, height: 720 }
const upright = { width: 720, height: 1280 }
const pictures = (count: number, picture = wide) => Array.from({ length: count }, () => picture)

t.test('several pictures have the columns in which they are largest', async t => {
  const desktop = { width: 1424, height: 788 }
  t.same([1, 2, 3, 4, 5].map(count => columnsFor(pictures(count), desktop)), [1, 2, 2, 2, 3])
  t.same([2, 3, 4, 5].map(count => columnsFor(pictures(count), { width: 390, height: 700 })), [1, 1, 1, 1], 'on an upright phone')
  t.equal(columnsFor(pictures(2), { width: 1080, height: 788 }), 1, 'beside a chat')
  t.equal(columnsFor(pictures(2), { width: 390, height: 290 }), 1, 'above a chat')
  t.same([wide, upright].map(picture => columnsFor(pictures(3, picture), desktop)), [2, 3], 'and phones that are held upright need less width')
})

t.test('a picture without a size counts as a wide one, and nobody has one column', async t => {
  t.equal(columnsFor(pictures(2, { width: 0, height: 0 }), { width: 1424, height: 788 }), 2)
  t.equal(columnsFor([], wide), 1)
})
