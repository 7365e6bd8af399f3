import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'esbuild'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** A fault planted in the source. */
export interface Mutant {
  name: string
  store: string
  file: string
  /** what stands there, once in the file */
  from: string
  to: string
  /** whether the first seeds show it, so that the gate can try it */
  isCheap?: true
}

const follow = 'clients/typescript/src/follow.ts'
const parser = 'clients/typescript/src/event-parser.ts'
const box = 'clients/typescript/src/box.ts'
const waiters = 'src/box/waiters.ts'
const memory = 'src/store/memory.ts'
const records = 'src/store/lmdb/records.ts'

export const mutants: Mutant[] = [
  { name: 'a reader resumes where it began', store: 'memory', file: follow, from: 'cursor = message.seq\n', to: '\n' },
  { name: 'each chunk of a stream is decoded on its own', store: 'memory', file: parser, from: 'this.#decoder.decode(bytes, { stream: true })', to: 'new TextDecoder().decode(bytes)', isCheap: true },
  { name: 'the beginning of a line is lost between two chunks', store: 'memory', file: parser, from: 'lines[0] = this.#line + lines[0]', to: '', isCheap: true },
  { name: 'a message is acknowledged before it is handled', store: 'memory', file: box, from: 'yield message\n', to: 'acknowledger.advance(message.seq); yield message\n', isCheap: true },
  { name: 'what was handled before is not acknowledged', store: 'memory', file: box, from: 'if (after > this.#acknowledged) acknowledger.advance(after)', to: '' },
  { name: 'a message overtakes the one before', store: 'memory', file: 'clients/typescript/src/sender.ts', from: 'await before\n', to: '\n', isCheap: true },
  { name: 'a reader that disconnects keeps its place', store: 'memory', file: waiters, from: "ended.addEventListener('abort', close)", to: '' },
  { name: 'a message with a known key is stored again', store: 'memory', file: memory, from: 'if (firstAck !== undefined) return firstAck', to: '', isCheap: true },
  { name: 'a late cursor brings messages back', store: 'memory', file: memory, from: 'Math.min(count, box.last - after)', to: 'box.last - after' },
  { name: 'a drained message stays in the box', store: 'memory', file: memory, from: 'this.#take(box, count)\n    return pageOf(box, texts, box.last)', to: 'this.#take(box, count - 1)\n    return pageOf(box, texts, box.last)', isCheap: true },
  { name: 'a silent stream is waited for without end', store: 'memory', file: 'clients/typescript/src/event-source.ts', from: 'scope.deadline(timings.streamIdleTimeout)', to: '' },
  { name: 'a wake-up during a read is lost', store: 'remote', file: waiters, from: 'this.#woken = true\n', to: '\n' },
  { name: 'a write is told before it is flushed', store: 'lmdb', file: 'src/store/lmdb/open.ts', from: 'overlappingSync: false,', to: 'overlappingSync: true,' },
  { name: 'a key is stored in a transaction after that of its message', store: 'lmdb', file: 'src/store/lmdb/keys.ts', from: 'void this.#records.put([drop, id],', to: 'setImmediate((key: Key, ack: string) => { this.#records.put(key, ack).catch(() => {}) }, [drop, id],', isCheap: true },
  { name: 'recovery uses a sequence number again', store: 'lmdb', file: records, from: 'const { from } = readTotals(this.#root)', to: 'const from = readTotals(this.#root).lastPlace + 1' },
  { name: 'a reader sees what is not flushed yet', store: 'lmdb', file: records, from: 'this.#lag.flushed(drop)', to: 'this.#lag.box(drop)' },
  { name: 'a refused transaction stays in memory', store: 'lmdb', file: records, from: 'this.#lag.abort()', to: 'this.#lag.commit()' }
]

/** Plants the fault while the source is bundled. */
export function planted ({ file, from, to }: Mutant): Plugin {
  const path = join(root, file)
  return {
    name: 'planted',
    setup (build) {
      build.onLoad({ filter: /\.ts$/ }, async args => {
        if (args.path !== path) return undefined
        const source = await readFile(path, 'utf8')
        const parts = source.split(from)
        if (parts.length !== 2) throw new Error(`'${from}' is ${parts.length - 1} times in ${file}`)
        return { contents: parts.join(to), loader: 'ts' }
      })
    }
  }
}
