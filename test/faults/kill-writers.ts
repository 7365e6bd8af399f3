/**
 * Sixteen writers, and a reader for most boxes, on one store, until they are done or somebody kills
 * the process. Everything is told: what is about to be stored before, what was answered after.
 */
import { writeSync } from 'node:fs'
import { open } from 'lmdb'
import { lmdbStore } from '../../src/store/lmdb/lmdb-store.js'
import { drainAll, message } from '../../src/store/contract/boxes.js'
import { keyOf, type Order, type Report } from './kill-protocol.js'

const { path, round, boxes, retry, appends, noSync } = JSON.parse(process.argv[2] as string) as Order

// LMDB shares an environment within a process, with the settings it was first opened with.
if (noSync) open({ path, noSubdir: false, overlappingSync: false, noSync })
const store = await lmdbStore({ path })
const now = Date.now()
const limits = { maxMessages: 1e9, maxBoxBytes: 1e12 }
const done = new AbortController()

async function put (drop: string, text: string): Promise<void> {
  await tell({ event: 'sent', drop, text })
  const { seq } = await store.append(drop, message(text, keyOf(text)), now, limits)
  await tell({ event: 'stored', drop, text, seq })
}

async function write (drop: string, writer: number): Promise<void> {
  for (let n = 0; n < appends; n++) await put(drop, `"${round}.${writer}.${n} ${'x'.repeat((n * 97) % 3000)}"`)
}

async function acknowledge (drop: string): Promise<void> {
  for (let after = 0; !done.signal.aborted;) {
    const { texts, next } = await store.read(drop, after, 20, now)
    await tell({ event: 'read', drop, texts })
    await store.acknowledge(drop, next, now)
    await tell({ event: 'acknowledged', drop, texts })
    after = next
  }
}

async function drain (drop: string): Promise<void> {
  while (!done.signal.aborted) {
    await tell({ event: 'draining', drop })
    const { texts } = await drainAll(store, drop, now)
    await tell({ event: 'drained', drop, texts })
  }
}

/** Resolves once it is told, whatever happens to this process then. */
function tell (report: Report): Promise<void> {
  return new Promise(resolve => {
    if (process.send !== undefined) {
      process.send(report, () => { resolve() })
    } else {
      writeSync(3, `${JSON.stringify(report)}\n`)
      setImmediate(resolve)
    }
  })
}

await tell({ event: 'ready' })
await Promise.all(retry.map(({ drop, text }) => put(drop, text)))
const readers = boxes.map((drop, i) => i % 3 === 1 ? acknowledge(drop) : i % 3 === 2 ? drain(drop) : undefined)
await Promise.all(Array.from({ length: 16 }, (_, writer) => write(boxes[writer % boxes.length] as string, writer)))
done.abort()
await Promise.all(readers)
await store.close()
