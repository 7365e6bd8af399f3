import t from 'tap'
import { NoRoom, openSink } from '../../../src/web/files/sinks.js'

let usage = 0
const handle = {
  createWritable: async () => ({ write: async (bytes: Uint8Array) => { usage += bytes.length }, close: async () => {}, abort: async () => {} }),
  getFile: async () => new Blob()
}
const folder = { getFileHandle: async () => handle, removeEntry: async () => {}, getDirectoryHandle: async () => folder }
Object.defineProperty(globalThis, 'FileSystemFileHandle', { value: class { createWritable () {} } })
Object.defineProperty(globalThis, 'navigator', {
  value: {
    storage: { getDirectory: async () => folder, estimate: async () => ({ quota: 1_000, usage }) },
    locks: { request: async (_name: string, held: () => Promise<void>) => { await held() } }
  }
})

/** How much room there is, if that is not enough. */
async function refusal (size: number): Promise<number | undefined> {
  return await openSink('c', size).then(() => undefined, error => error instanceof NoRoom ? error.room : undefined)
}

t.test('files that arrive side by side in private storage do not count on the same room', async t => {
  const both = await Promise.allSettled([openSink('a', 600), openSink('b', 600)])
  t.match(both, [{ status: 'fulfilled' }, { status: 'rejected', reason: { room: 400 } }])
  const [first] = both.map(result => result.status === 'fulfilled' ? result.value : undefined)
  await first!.write(new Uint8Array(500))
  t.equal(await refusal(401), 400, 'what has arrived is used, and what has not is reserved')
  await first!.discard()
  await first!.discard()
  t.equal(await refusal(501), 500, 'what is given up is free again, once')
})

t.test('a file that cannot be made takes no room', async t => {
  handle.createWritable = async () => { throw new Error('Not now') }
  t.equal(await refusal(400), undefined)
  t.equal(await refusal(501), 500)
})
