// What one store over HTTP costs with a million boxes around it, against a server that has 400.
import { createBoxes, median, report, startServer } from './lib.js'
import { storing } from './store.js'

const MANY = 1_000_000
const ROUNDS = 3

export async function run () {
  const few = { kind: 'memory', ...await startServer('memory') }
  const many = { kind: 'memory', ...await startServer('memory', String(MANY)) }
  const boxes = [await createBoxes(few.url, 400), await createBoxes(many.url, 400)]
  const ratios = []
  for (let round = 0; round <= ROUNDS; round++) {
    const [a, b] = [await storing(few, boxes[0]), await storing(many, boxes[1])]
    if (round > 0) ratios.push(a.rate / b.rate)
  }
  report('cost of a store over HTTP, 1,000,000 boxes against 400', `${median(ratios).toFixed(2)} times`, '<= 1.2 times')
  await few.stop()
  await many.stop()
}
