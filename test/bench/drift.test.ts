import t from 'tap'
// @ts-expect-error It has no types.
import { drifts, floors, slopeOf } from '../../bench/soak/drift.js'

interface Point { time: number, value: number }

/** Numbers from -1 to 1 that look random, and are the same in every run. */
function noise (seed: number): () => number {
  return () => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31
    return seed / 2 ** 30 - 1
  }
}

/** A life of a server: a level, a slope per unit of time, and what comes and goes above it. */
function life (from: number, to: number, level: number, slope: number, random: () => number): Point[] {
  const points: Point[] = []
  for (let time = from; time < to; time++) points.push({ time, value: level + slope * (time - from) + random() })
  return points
}

t.test('the slope is that of each life, whatever the levels of the lives', async t => {
  for (const slope of [0, 0.5, -2]) {
    const still = () => 0
    const found = slopeOf([life(0, 10, 100, slope, still), life(10, 40, 20, slope, still), life(40, 41, 7, 0, still)])
    t.ok(Math.abs(found.slope - slope) < 1e-9, `${slope}`)
    t.ok(found.error < 1e-6)
    t.equal(found.points, 40, 'a life of one point has no slope')
  }
})

t.test('noise is no drift, and a leak beneath it is', async t => {
  let [mistaken, found] = [0, 0]
  for (let seed = 1; seed <= 200; seed++) {
    const random = noise(seed)
    if (drifts(slopeOf([life(0, 40, 50, 0, random)]), 0)) mistaken++
    if (drifts(slopeOf([life(0, 40, 50, 0.05, random)]), 0)) found++
  }
  t.ok(mistaken <= 15, `${mistaken} of 200 without a slope`)
  t.ok(found >= 190, `${found} of 200 with one`)
})

t.test('waves are no drift, although points that follow one another are alike', async t => {
  let mistaken = 0
  for (let phase = 0; phase < 60; phase++) {
    const wave = life(0, 60, 50, 0, () => 0).map(({ time, value }) => ({ time, value: value + Math.sin((time + phase) / 6) }))
    if (drifts(slopeOf([wave]), 0.01)) mistaken++
  }
  t.equal(mistaken, 0)
})

t.test('a drift within the bound is none', async t => {
  const line = slopeOf([life(0, 40, 50, 0.05, noise(1))])
  t.equal(drifts(line, 0.06), false)
  t.equal(drifts(line, 0.001), true)
})

t.test('the floor is the least of each stretch', async t => {
  const points = [3, 1, 2, 9, 8, 7, 4].map((value, time) => ({ time, value }))
  t.strictSame(floors(points, 3), [{ time: 1, value: 1 }, { time: 5, value: 7 }, { time: 6, value: 4 }])
})
