import fc from 'fast-check'
import t from 'tap'
import { build, type TestBox } from '../helpers/build.js'
import { openBoxStream, watchedStore } from '../helpers/stream-reader.js'

/** What happens: a message is stored in one of the boxes, or the reader leaves and comes back with its cursors. */
type Step = { store: number } | 'come back' | 'wait'

const BOXES = 4
const steps = fc.array(fc.oneof(
  { weight: 6, arbitrary: fc.record({ store: fc.nat(BOXES - 1) }) },
  { weight: 1, arbitrary: fc.constant('come back' as const) },
  { weight: 2, arbitrary: fc.constant('wait' as const) }
), { maxLength: 60 })

t.test('however stores to several boxes interleave, each message comes once, and in order in its box', async t => {
  const watch = watchedStore()
  const { app, createBox } = await build(t, { store: watch.store })
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  await fc.assert(fc.asyncProperty(steps, async (steps: Step[]) => {
    const boxes: TestBox[] = []
    while (boxes.length < BOXES) boxes.push(await createBox())
    const stored = boxes.map(() => 0)
    const received = boxes.map(() => 0)
    const open = () => openBoxStream(t, origin, boxes.map(({ id }, i) => ({ id, after: received[i]! })))
    let reader = await open()
    let seen = 0

    /** Takes what has come, and fails if it is not what comes next in its box. */
    const take = () => {
      for (const { data } of reader.events.slice(seen)) {
        seen++
        const { box, seq, data: value } = JSON.parse(data)
        if (seq !== ++received[box]! || value !== `${box} ${seq}`) throw new Error(`${data} came, not number ${received[box]}`)
      }
    }
    const all = () => {
      take()
      return received.every((seq, i) => seq === stored[i])
    }

    const storing: Array<Promise<unknown>> = []
    for (const step of steps) {
      if (step === 'wait') {
        await Promise.all(storing)
        await reader.until(all)
      } else if (step === 'come back') {
        take()
        reader.leave()
        reader = await open()
        seen = 0
      } else {
        const box = step.store
        storing.push(boxes[box]!.store(`${box} ${++stored[box]!}`))
      }
    }
    await Promise.all(storing)
    await reader.until(all)
    reader.leave()
    await watch.until(0)
  }), { numRuns: 40 })
})

t.test('a box with a long backlog lets the others in between', async t => {
  const { app, createBox } = await build(t, { maxMessages: 1000 })
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const [long, short] = [await createBox(), await createBox()]
  for (let i = 1; i <= 300; i++) await long.store(i)
  await short.store('short')
  const reader = await openBoxStream(t, origin, [long, short])
  await reader.until(({ events }) => events.length === 301)
  const at = reader.events.findIndex(({ data }) => data.includes('short'))
  t.ok(at < 300 && at > 0, `it comes after ${at} messages`)
})
