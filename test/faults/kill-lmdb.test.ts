import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { lmdbStore } from '../../src/store/lmdb/lmdb-store.js'
import { limits, newDrop, TTL } from '../../src/store/contract/boxes.js'
import { freshDirectory } from '../store/directory.js'
import { addDamage, keyOf, Known, type Order, type Report } from './kill-protocol.js'
import { program } from '../helpers/program.js'

const ROUNDS = 30

t.test(`${ROUNDS} SIGKILLs under 16 writers: no message is lost, restored or duplicated`, async t => {
  const path = freshDirectory(t)
  const script = await program(t, new URL('kill-writers.ts', import.meta.url))
  const boxes = Array.from({ length: 6 }, newDrop)
  const known = new Map(boxes.map(drop => [drop, new Known()]))
  const damage = { lost: 0, back: 0, doubled: 0, misnumbered: 0 }

  const first = await lmdbStore({ path })
  for (const drop of boxes) await first.create(drop, TTL * 1000, Date.now(), limits)
  await first.close()

  for (let round = 0; round < ROUNDS; round++) {
    const retry = [...known].flatMap(([drop, { unanswered }]) => [...unanswered].filter(text => keyOf(text) !== undefined).map(text => ({ drop, text })))
    const order: Order = { path, round, boxes, retry, appends: 1e9 }
    const child = fork(script, [JSON.stringify(order)], { execArgv: [] })
    t.teardown(() => { child.kill('SIGKILL') })
    const gone = once(child, 'close')
    const working = new Promise<void>(resolve => {
      child.on('message', (report: Report) => {
        if (report.event === 'ready') resolve()
        else known.get(report.drop)?.note(report)
      })
    })
    await Promise.race([working, gone])
    await setTimeout(30 + Math.random() * 200)
    child.kill('SIGKILL')
    const [, signal] = await gone
    if (signal !== 'SIGKILL') throw new Error('the writers ended by themselves')

    const store = await lmdbStore({ path })
    for (const [drop, box] of known) {
      const { texts, next } = await store.read(drop, 0, 1e9, Date.now())
      addDamage(damage, box.compare(texts, next))
    }
    await store.close()
  }
  const all = [...known.values()]
  const stored = all.reduce((sum, box) => sum + box.stored.size, 0)
  const taken = all.reduce((sum, box) => sum + box.taken.size, 0)
  t.comment({ stored, taken, ...damage })
  t.strictSame(damage, { lost: 0, back: 0, doubled: 0, misnumbered: 0 })
  t.ok(stored > ROUNDS * 50 && taken > ROUNDS * 10, 'there was a load')
})
