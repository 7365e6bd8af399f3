import fc from 'fast-check'
import t from 'tap'
import type { Waiter } from '../../src/box/waiters.js'
import { NotFoundError } from '../../src/errors.js'
import { streamBoxes, type Followed } from '../../src/http/box-streams.js'
import type { PendingResponse } from '../../src/http/pending-response.js'
import { build, type TestBox } from '../helpers/build.js'
import { openBoxStream, watchedStore } from '../helpers/stream-reader.js'
import { until } from '../helpers/until.js'

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

/** A response of which the second half of each large text waits. */
function slowResponse () {
  const written: string[] = []
  let goOn!: () => void
  const rest = new Promise<void>(resolve => { goOn = resolve })
  const response = {
    gone: false,
    backlog: 0,
    write: (text: string) => { written.push(text) },
    async deliver (...texts: string[]) {
      const text = texts.join('')
      written.push(text.slice(0, 30))
      await rest
      written.push(text.slice(30))
    },
    hold () {},
    end () {}
  }
  return { written, goOn, response: response as unknown as PendingResponse }
}

/** A box with these messages, each look at which takes as long as `looks`. */
function boxOf (texts: string[], looks: Promise<void> = Promise.resolve()): Followed {
  const waiter = {
    closed: false,
    async look (after: number, limit: number) {
      await looks
      const found = texts.slice(after, after + limit)
      return { texts: found, next: after + found.length }
    },
    async rest () { waiter.closed = true },
    close () {}
  }
  return { after: 0, open: async () => waiter as unknown as Waiter }
}

t.test('a problem of one box never comes into the middle of a message of another', async t => {
  const { written, goOn, response } = slowResponse()
  let refuse!: (error: Error) => void
  const refused: Followed = { after: 0, open: async () => await new Promise((_resolve, reject) => { refuse = reject }) }
  const done = streamBoxes(response, [boxOf(['"a long message"', '"another"']), refused], { heartbeat: 60_000, problemOf: () => '{}' })
  await until(() => written.length === 2)
  refuse(new NotFoundError())
  await new Promise(resolve => { setTimeout(resolve, 20) })
  t.equal(written.length, 2)
  goOn()
  await done
  t.same(written.slice(1).join('').split('\n\n').sort(), [
    '', 'data: {"box":0,"seq":1,"data":"a long message"}', 'data: {"box":0,"seq":2,"data":"another"}', 'event: problem\ndata: {"box":1,"problem":{}}'
  ])
})

t.test('a box whose store does not respond leaves the others as they are', async t => {
  const { written, goOn, response } = slowResponse()
  goOn()
  let respond!: () => void
  const silence = new Promise<void>(resolve => { respond = resolve })
  const done = streamBoxes(response, [boxOf(['"late"'], silence), boxOf(['"soon"'])], { heartbeat: 60_000, problemOf: () => '{}' })
  await until(() => written.includes('data: {"box":1,"seq":1,"data":"soon"}\n\n'))
  t.notMatch(written.join(''), /late/)
  respond()
  await done
  t.match(written.join(''), /late/)
})
