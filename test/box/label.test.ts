import t from 'tap'
import { labelOf } from '../../src/box/label.js'

t.test('a box has the same label in every version, so that old logs still name it', async t => {
  t.equal(labelOf(`drop_${'A'.repeat(32)}`), 'label_JWvHdJEHpNf7rnkr8_5RLP')
})
