/**
 * Sixteen writers and a reader per box on one store, until somebody kills the process.
 * Everything is told to the parent: what is about to be stored before, what was answered after.
 */
import { lmdbStore } from '../../src/store/lmdb.js'
import { limits, message } from '../store/contract.js'
import type { Order, Report } from './kill-protocol.js'

process.once('message', (order: Order) => { void work(order) })

async function work ({ path, round, boxes, retry }: Order): Promise<void> {
  const store = await lmdbStore({ path })
  const now = Date.now()

  const put = async (drop: string, text: string): Promise<void> => {
    await tell({ event: 'sent', drop, text })
    const { seq } = await store.append(drop, message(text, text.slice(1, text.indexOf(' '))), now, limits)
    await tell({ event: 'stored', drop, text, seq })
  }

  const write = async (drop: string, writer: number): Promise<void> => {
    for (let n = 0; ; n++) await put(drop, `"${round}.${writer}.${n} ${'x'.repeat((n * 97) % 3000)}"`)
  }

  const acknowledge = async (drop: string): Promise<void> => {
    for (let after = 0; ;) {
      const { texts, next } = await store.read(drop, after, 20, now)
      await tell({ event: 'read', drop, texts })
      await store.acknowledge(drop, next, now)
      await tell({ event: 'acknowledged', drop, texts })
      after = next
    }
  }

  const drain = async (drop: string): Promise<void> => {
    for (;;) {
      await tell({ event: 'draining', drop })
      const { texts } = await store.drain(drop, now)
      await tell({ event: 'drained', drop, texts })
    }
  }

  await tell({ event: 'ready' })
  await Promise.all(retry.map(({ drop, text }) => put(drop, text)))
  for (let writer = 0; writer < 16; writer++) void write(boxes[writer % boxes.length] as string, writer)
  for (const [i, drop] of boxes.entries()) {
    if (i % 3 === 1) void acknowledge(drop)
    if (i % 3 === 2) void drain(drop)
  }
}

/** Resolves once the parent has it, whatever happens to this process. */
function tell (report: Report): Promise<void> {
  return new Promise(resolve => { process.send?.(report, () => { resolve() }) })
}
