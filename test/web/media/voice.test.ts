import fc from 'fast-check'
import t from 'tap'
import { audible } from '../../../src/web/media/level.js'
import { LevelDisplay, loudnessOf, MutedSpeech } from '../../../src/web/media/voice.js'

t.test('silence is shown as silence, and the louder the more', async t => {
  t.same([0, 0.001, 0.01, 0.05, 0.2, 1].map(amplitude => loudnessOf(audible(amplitude))), [0, 0, 1, 2, 3, 3])
  const level = fc.double({ min: 0, max: 1, noNaN: true })
  fc.assert(fc.property(level, level, (a, b) => loudnessOf(Math.min(a, b)) <= loudnessOf(Math.max(a, b))))
})

t.test('the display of a level rises at once and falls slowly', async t => {
  const display = new LevelDisplay()
  t.same([0, 0.9, 0, 0, 0, 0, 0, 0].map(level => display.next(level, false)), [0, 3, 2, 1, 1, 0, 0, 0])
})

t.test('a calm display shows only whether somebody speaks, and does not flicker between words', async t => {
  const display = new LevelDisplay()
  const words = [0.7, 0, 0, 0, 0, 0.5, 0, 0, 0, 0.8, 0, 0, 0]
  t.same(new Set(words.map(level => display.next(level, true))), new Set([3]))
  for (let i = 0; i < 50; i++) display.next(0, true)
  t.equal(display.next(0, true), 0)
})

t.test('speech into a microphone that is off is noticed once for each time it is turned off', async t => {
  const speech = new MutedSpeech()
  const noticed = (muted: boolean, level: number, times = 30) => Array.from({ length: times }, () => speech.hear(muted, level)).filter(Boolean).length
  t.equal(noticed(false, 0.8), 0, 'not while it is on')
  t.equal(noticed(true, 0.2), 0, 'not silence')
  t.equal(noticed(true, 0.8, 8), 0, 'not a cough')
  t.equal(noticed(true, 0), 0)
  t.equal(noticed(true, 0.8), 1)
  t.equal(noticed(true, 0.8, 200), 0)
  t.equal(noticed(false, 0.8), 0)
  t.equal(noticed(true, 0.8), 1, 'and again the next time')
})
