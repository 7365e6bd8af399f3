import t from 'tap'
import { naturalFit } from '../../../src/web/people/picture-fit.js'

const wide = { width: 1280, height: 720 }
const upright = { width: 720, height: 1280 }

t.test('a picture fills its frame while no more than half of it is cut off', async t => {
  t.equal(naturalFit(wide, { width: 1264, height: 608 }), 'fill')
  t.equal(naturalFit({ width: 640, height: 480 }, { width: 1264, height: 608 }), 'fill')
  t.equal(naturalFit(upright, { width: 390, height: 690 }), 'fill')
  t.equal(naturalFit(wide, { width: 390, height: 690 }), 'fit', 'a wide picture on a phone that is held upright')
  t.equal(naturalFit(upright, { width: 1264, height: 608 }), 'fit')
})

t.test('a picture or a frame without a size decides nothing', async t => {
  t.equal(naturalFit({ width: 0, height: 0 }, wide), 'fill')
  t.equal(naturalFit(wide, { width: 0, height: 0 }), 'fill')
})
