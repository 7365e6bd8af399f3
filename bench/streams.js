// Ten thousand idle streams: how much memory they take, and how much they slow down storing.
import { createBoxes, median, report, startServer } from './lib.js'
import { openStream } from './delivery.js'
import { storing } from './store.js'

const STREAMS = 10_000
const PER_BOX = 100

export async function run () {
  const idle = { kind: 'memory', ...await startServer('memory') }
  const alone = { kind: 'memory', ...await startServer('memory') }
  const watched = await createBoxes(idle.url, STREAMS / PER_BOX)
  const boxes = [await createBoxes(alone.url, 400), await createBoxes(idle.url, 400)]
  await storing(alone, boxes[0])
  await storing(idle, boxes[1])

  const before = await idle.memory()
  const closers = []
  for (const box of watched) {
    closers.push(...await Promise.all(Array.from({ length: PER_BOX }, () => openStream(`${idle.url}/boxes/${box}/messages`, () => {}))))
  }
  const after = await idle.memory()
  report(`idle stream, resident memory, of ${STREAMS}`, `${((after.rss - before.rss) / STREAMS / 1024).toFixed(1)} KiB`, '<= 20 KiB')

  const ratios = []
  for (let round = 0; round < 3; round++) {
    const [reference, loaded] = [await storing(alone, boxes[0]), await storing(idle, boxes[1])]
    ratios.push(reference.rate / loaded.rate)
  }
  report(`cost of a store with ${STREAMS} idle streams open`, `${median(ratios).toFixed(2)} times`, '<= 1.1 times')
  for (const close of closers) close()
  await alone.stop()
  await idle.stop()
}
