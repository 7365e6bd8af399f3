import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { lmdbStore } from '../../src/store/lmdb.js'
import { limits, newDrop, TTL } from '../store/contract.js'
import { freshDirectory } from '../store/directory.js'
import type { Order, Report } from './kill-protocol.js'
import { program } from './program.js'

const ROUNDS = 30

/** What is known of one box, from the answers that came. */
class Known {
  /** text → number, for all that were answered */
  readonly stored = new Map<string, number>()
  readonly unanswered = new Set<string>()
  readonly seen = new Set<string>()
  readonly taken = new Set<string>()
  draining = false
}

t.test(`${ROUNDS} times SIGKILL under 16 writers: nothing is lost, comes back or is doubled`, { timeout: 180_000 }, async t => {
  const path = freshDirectory(t)
  const script = await program(t, 'kill-writers.ts')
  const boxes = Array.from({ length: 6 }, newDrop)
  const known = new Map(boxes.map(drop => [drop, new Known()]))
  const total = { stored: 0, taken: 0, lost: 0, back: 0, doubled: 0, misnumbered: 0, unanswered: 0 }

  const first = await lmdbStore({ path })
  for (const drop of boxes) await first.create(drop, TTL * 1000, Date.now(), limits)
  await first.close()

  for (let round = 0; round < ROUNDS; round++) {
    const child = fork(script, { execArgv: [] })
    t.teardown(() => { child.kill('SIGKILL') })
    const gone = once(child, 'close')
    let ready = (): void => {}
    const working = new Promise<void>(resolve => { ready = resolve })
    child.on('message', (report: Report) => {
      if (report.event === 'ready') ready()
      else note(known.get(report.drop) as Known, report)
    })
    const retry = [...known].flatMap(([drop, { unanswered }]) => [...unanswered].map(text => ({ drop, text })))
    child.send({ path, round, boxes, retry } satisfies Order)
    await Promise.race([working, gone])
    await setTimeout(30 + Math.random() * 200)
    child.kill('SIGKILL')
    const [, signal] = await gone
    if (signal !== 'SIGKILL') throw new Error('the writers ended by themselves')

    const store = await lmdbStore({ path })
    for (const [drop, box] of known) {
      const { texts, next } = await store.read(drop, 0, 1e9, Date.now())
      const present = new Set(texts)
      total.doubled += texts.length - present.size
      total.back += texts.filter(text => box.taken.has(text)).length
      for (const [i, text] of texts.entries()) {
        const seq = box.stored.get(text)
        if (seq !== undefined && seq !== next - texts.length + 1 + i) total.misnumbered++
      }
      for (const text of box.stored.keys()) {
        if (present.has(text) || box.seen.has(text) || box.taken.has(text)) continue
        // Only a drain whose answer the kill cut off may have taken it, and then with all before it.
        if (box.draining && texts.every(other => !isBefore(box, other, text))) box.taken.add(text)
        else total.lost++
      }
      box.draining = false
    }
    await store.close()
  }
  for (const box of known.values()) {
    total.stored += box.stored.size
    total.taken += box.taken.size
    total.unanswered += box.unanswered.size
  }
  t.comment(total)
  t.match(total, { lost: 0, back: 0, doubled: 0, misnumbered: 0 })
  t.ok(total.stored > ROUNDS * 100 && total.taken > ROUNDS * 20, 'there was a load')
})

function note (box: Known, report: Exclude<Report, { event: 'ready' }>): void {
  switch (report.event) {
    case 'sent':
      box.unanswered.add(report.text)
      break
    case 'stored':
      box.unanswered.delete(report.text)
      box.stored.set(report.text, report.seq)
      break
    case 'read':
      for (const text of report.texts) box.seen.add(text)
      break
    case 'draining':
      box.draining = true
      break
    case 'drained':
      box.draining = false
      for (const text of report.texts) box.taken.add(text)
      break
    case 'acknowledged':
      for (const text of report.texts) box.taken.add(text)
  }
}

function isBefore (box: Known, one: string, other: string): boolean {
  return (box.stored.get(one) ?? Infinity) <= (box.stored.get(other) as number)
}
