import t from 'tap'
import { levelOf } from '../../../src/web/media/level.js'

const tone = (amplitude: number) => Float32Array.from({ length: 1_024 }, (_, index) => amplitude * Math.sin(index / 5))

t.test('the level rises with loudness, from silence to full scale', async t => {
  t.equal(levelOf(tone(0)), 0)
  t.equal(levelOf(tone(0.0001)), 0)
  t.equal(levelOf(tone(1)), 1)
  const levels = [0.005, 0.02, 0.08].map(amplitude => levelOf(tone(amplitude)))
  t.same(levels, [...levels].sort((a, b) => a - b))
  t.ok(levels.every(level => level > 0.1 && level < 0.9), 'what people say is in between')
})
