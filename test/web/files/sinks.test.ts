import t from 'tap'
import { NoRoom, openSink } from '../../../src/web/files/sinks.js'

const MiB = 1024 * 1024

// A browser that has private storage, but gives no lock on it.
class Handle { createWritable () {} }
Object.defineProperty(globalThis, 'FileSystemFileHandle', { value: Handle })
Object.defineProperty(globalThis, 'navigator', {
  value: {
    storage: { getDirectory: async () => ({}) },
    locks: { request: async () => { throw new DOMException('Not here', 'SecurityError') } }
  }
})

t.test('where the private storage cannot be locked, a file is kept in memory', async t => {
  const sink = (await openSink('a.txt', 3))!
  await sink.write(new Uint8Array([1, 2]))
  await sink.write(new Uint8Array([3]))
  t.same(new Uint8Array(await (await sink.close())!.arrayBuffer()), new Uint8Array([1, 2, 3]))
  await sink.discard()
})

/** How much room there is, if that is not enough. */
async function refusal (size: number): Promise<number | undefined> {
  return await openSink('c', size).then(() => undefined, error => error instanceof NoRoom ? error.room : undefined)
}

t.test('all files in memory share its limit, and one that is discarded gives its part back once', async t => {
  const first = (await openSink('a', 100 * MiB))!
  const second = (await openSink('b', 156 * MiB))!
  t.equal(await refusal(1), 0)
  await first.discard()
  await first.discard()
  t.equal(await refusal(101 * MiB), 100 * MiB)
  const third = (await openSink('c', 100 * MiB))!
  for (const sink of [second, third]) await sink.discard()
})
