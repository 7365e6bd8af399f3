import t from 'tap'
import fc from 'fast-check'
import { Box } from '../../clients/typescript/src/index.js'
import { openQuick, serve, take } from './serve.js'

/** How a consumer leaves a loop at a message, and then goes on with the same box, or with a new one as after a restart. */
type Exit = 'break' | 'throw' | 'abort' | 'abort and come back' | 'close'
interface Leave { after: number, how: Exit, restart: boolean, pause: boolean }

const leaves = fc.array(fc.record<Leave>({
  after: fc.integer({ min: 1, max: 4 }),
  how: fc.constantFrom<Exit>('break', 'throw', 'abort', 'abort and come back', 'close'),
  restart: fc.boolean(),
  pause: fc.boolean()
}), { maxLength: 6 })

t.test('whatever the consumer does, no message is acknowledged before it is handled, and none is lost', async t => {
  const { url, local } = await serve(t)
  await fc.assert(fc.asyncProperty(leaves, fc.integer({ min: 1, max: 8 }), async (leaves, count) => {
    const owner = await Box.create(url, { fetch: local })
    for (let n = 1; n <= count; n++) await owner.send(n)
    const dealtWith = new Set<number>()
    let early: number | undefined
    const check: typeof fetch = async input => {
      const request = input as Request
      if (request.method === 'PUT') {
        const { after } = await request.clone().json()
        for (let seq = 1; seq <= after; seq++) if (!dealtWith.has(seq)) early = seq
      }
      return await fetch(request)
    }

    let box = openQuick(t, owner.link, { fetch: check })
    let last = 0
    for (const { after, how, restart, pause } of leaves) {
      // A loop would wait for more.
      if (dealtWith.size === count) break
      const controller = new AbortController()
      let taken = 0
      try {
        for await (const { seq } of box.messages({ signal: controller.signal })) {
          if (seq > last + 1) throw new Error(`${last + 1} was lost`)
          last = Math.max(last, seq)
          if (pause) await new Promise(resolve => setTimeout(resolve, 2))
          if (++taken === after || seq === count) {
            if (how === 'break') break
            if (how === 'throw') throw new Error('the consumer failed')
            if (how === 'close') box.close()
            else controller.abort(new Error('aborted'))
            if (how === 'abort') break
          }
          // What follows is the loop coming back.
          dealtWith.add(seq)
        }
      } catch (error) {
        if (!/^(the consumer failed|aborted)$/.test((error as Error).message)) throw error
      }
      // Said here, since the client would take it for a network that fails.
      if (early !== undefined) throw new Error(`${early} was acknowledged too early`)
      if (restart || how === 'close') {
        box.close()
        box = openQuick(t, owner.link, { fetch: check })
      }
    }
    // What was not dealt with is all there.
    const { messages } = await owner.read()
    const left = new Set(messages.map(({ seq }) => seq))
    for (let seq = 1; seq <= count; seq++) if (!left.has(seq) && !dealtWith.has(seq)) throw new Error(`${seq} was lost`)
    box.close()
    await owner.delete()
  }), { numRuns: 60 })
})

t.test('if the loop body throws, the message is delivered again', async t => {
  const box = await Box.create((await serve(t)).url)
  for (const message of ['a', 'b', 'c']) await box.send(message)
  const failed = new Error('the disk is full')
  await t.rejects((async () => {
    for await (const message of box) if (message === 'b') throw failed
  })(), failed)
  t.strictSame((await box.read()).messages.map(({ data }) => data), ['b', 'c'], 'it is in the box')
  const again: unknown[] = []
  for await (const { seq, data } of box.messages()) {
    again.push(data)
    if (data !== 'c') continue
    await box.acknowledge(seq)
    break
  }
  t.strictSame(again, ['b', 'c'], 'and comes to a later loop')
  t.strictSame((await box.read()).messages, [], 'and is gone when it was acknowledged before the loop was left')
})

t.test('after a loop from a given cursor, the next one continues there', async t => {
  const box = await Box.create((await serve(t)).url)
  for (const message of ['a', 'b', 'c']) await box.send(message)
  t.strictSame(await take(box.messages({ after: 1 }), 1), [{ seq: 2, data: 'b' }])
  t.strictSame(await take(box, 2), ['b', 'c'])
})
