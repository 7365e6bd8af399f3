import { constants } from 'node:os'
import type { RootDatabase } from 'lmdb'
import type { Random } from './random.js'
import { Tree, type TreeKey } from './tree.js'

/** What takes steps: the world, or the event loop in the test that compares this LMDB with the real one. */
export interface Steps {
  later (ms: number, label: string, run: () => void): void
}

type Encoding = 'binary' | 'string' | 'msgpack'
type Trees = ReadonlyMap<string, Tree>

/** How long the disk takes, in ms, and how long it hangs now and then: longer than the store's deadline. */
const FLUSH = 40
const HANG = 30_000

/**
 * The disk under an LMDB. It has what was flushed, which a crash leaves, and nothing else. While it is faulty, a flush
 * now and then finds it full or broken, or hangs.
 */
export class SimulatedDisk {
  isFaulty = true
  #trees: Trees = new Map()
  #environment: SimulatedLmdb | undefined
  #waiting: Array<() => void> = []
  readonly #steps: Steps
  readonly #random: Random

  constructor (steps: Steps, random: Random) {
    this.#steps = steps
    this.#random = random
  }

  get trees (): Trees {
    return this.#trees
  }

  /** @param options those that decide what a commit promises */
  open ({ overlappingSync }: { overlappingSync: boolean }): SimulatedLmdb {
    this.#environment = new SimulatedLmdb(this, this.#steps, this.#random, overlappingSync)
    return this.#environment
  }

  flush (trees: Trees): void {
    this.#trees = trees
  }

  /** The process that has it open ends here. */
  crash (): void {
    this.#environment?.end()
    this.#environment = undefined
  }

  /** Resolves after the next step of a transaction: when it has run, when it is flushed, or when that was told. */
  moment (): Promise<void> {
    return new Promise(resolve => { this.#waiting.push(resolve) })
  }

  /** A step of a transaction has been taken. */
  tell (): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** How a flush ends. */
  fate (): 'good' | 'full' | 'broken' | 'hanging' {
    if (!this.isFaulty) return 'good'
    if (this.#random.chance(0.005)) return 'full'
    if (this.#random.chance(0.0005)) return 'broken'
    return this.#random.chance(0.0005) ? 'hanging' : 'good'
  }
}

interface Waiting {
  run: () => unknown
  resolve: (result: unknown) => void
  reject: (error: Error) => void
}

/** What an open LMDB does with transactions, so far as the store uses it. `lmdb.test.ts` compares it with the real one. */
export class SimulatedLmdb {
  /** its process is no more */
  isOver = false
  readonly #disk: SimulatedDisk
  readonly #steps: Steps
  readonly #random: Random
  readonly #overlaps: boolean
  readonly #queue: Waiting[] = []
  /** what is read outside transactions */
  #seen: Trees
  /** what the current transaction has, and which of it are its own copies */
  #current: { trees: Map<string, Tree>, own: Set<string> } | undefined
  /** what is on its way to the disk */
  #flushing: Trees | undefined
  #isBusy = false
  #isBroken = false

  constructor (disk: SimulatedDisk, steps: Steps, random: Random, overlaps: boolean) {
    this.#disk = disk
    this.#steps = steps
    this.#random = random
    this.#overlaps = overlaps
    this.#seen = disk.trees
  }

  /** As the real one for the store; what the store does not use is missing. */
  get root (): RootDatabase<Buffer, string> {
    const root = new SimulatedDatabase(this, '', 'binary')
    return Object.assign(root, {
      openDB: ({ name, encoding }: { name: string, encoding: Encoding }) => new SimulatedDatabase(this, name, encoding),
      childTransaction: (run: () => unknown) => this.transaction(run),
      transactionSync: (run: () => unknown) => this.transactionSync(run),
      // No other process opens this store.
      getStats: () => ({ lastTxnId: 0 }),
      getWriteTxnId: () => 1
    }) as unknown as RootDatabase<Buffer, string>
  }

  read (name: string): Tree {
    this.#assertThere()
    return (this.#current?.trees ?? this.#seen).get(name) ?? new Tree()
  }

  write<T> (name: string, change: (tree: Tree) => T): T {
    this.#assertThere()
    if (this.#current === undefined) return this.transactionSync(() => this.write(name, change))
    const { trees, own } = this.#current
    if (!own.has(name)) trees.set(name, new Tree(trees.get(name)))
    own.add(name)
    return change(trees.get(name) as Tree)
  }

  get isInTransaction (): boolean {
    return this.#current !== undefined
  }

  /** Runs it in a transaction of its own, all or nothing, when those before are through. */
  transaction (run: () => unknown): Promise<unknown> {
    this.#assertThere()
    return new Promise((resolve, reject) => {
      this.#queue.push({ run, resolve, reject })
      this.#next()
    })
  }

  transactionSync<T> (run: () => T): T {
    this.#assertThere()
    if (this.#isBroken) throw failure('MDB_PANIC', -30795)
    if (this.#isBusy) throw new Error('Not simulated: LMDB would block until the other transaction is flushed')
    const { result, trees } = this.#run(run)
    this.#disk.flush(trees)
    this.#seen = trees
    return result
  }

  /** A crash: whether the disk got what was on its way is left to chance. */
  end (): void {
    if (this.#flushing !== undefined && this.#random.chance(0.5)) this.#disk.flush(this.#flushing)
    this.isOver = true
  }

  #next (): void {
    if (this.#isBusy || this.#isBroken) return
    const first = this.#queue.shift()
    if (first === undefined) return
    this.#isBusy = true
    this.#later(3, 'transaction', () => { this.#begin(first) })
  }

  #begin ({ run, resolve, reject }: Waiting): void {
    let done: { result: unknown, trees: Trees }
    try {
      done = this.#run(run)
    } catch (error) {
      this.#isBusy = false
      reject(error as Error)
      this.#next()
      return
    }
    const { result, trees } = done
    const settle = (): void => {
      this.#isBusy = false
      this.#seen = trees
      resolve(result)
      this.#next()
    }
    this.#flushing = trees
    if (this.#overlaps) settle()
    const fate = this.#disk.fate()
    this.#later(fate === 'hanging' ? HANG : FLUSH, 'flush', () => {
      if (this.#flushing === trees) this.#flushing = undefined
      if (fate === 'full' || fate === 'broken') {
        this.#isBroken = fate === 'broken'
        this.#isBusy = false
        reject(commitError(this.#isBroken ? failure('Input/output error', constants.errno.EIO) : failure('No space left on device', constants.errno.ENOSPC)))
        this.#next()
        return
      }
      this.#disk.flush(trees)
      if (this.#overlaps) return
      // Others may see it before the one who waits for it is told.
      if (this.#random.chance(0.5)) this.#seen = trees
      this.#later(3, 'flushed', settle)
    })
  }

  #run<T> (run: () => T): { result: T, trees: Trees } {
    if (this.#current !== undefined) throw new Error('Not simulated: a transaction in a transaction')
    const current = this.#current = { trees: new Map(this.#seen), own: new Set<string>() }
    try {
      return { result: run(), trees: current.trees }
    } finally {
      this.#current = undefined
    }
  }

  #later (most: number, label: string, run: () => void): void {
    this.#steps.later(this.#random.skewed(most), label, () => {
      if (this.isOver) return
      run()
      this.#disk.tell()
    })
  }

  #assertThere (): void {
    if (this.isOver) throw new Error('The process has crashed')
  }
}

/** A database with the methods of lmdb-js that the store uses. */
class SimulatedDatabase {
  readonly #environment: SimulatedLmdb
  readonly #name: string
  readonly #encoding: Encoding

  constructor (environment: SimulatedLmdb, name: string, encoding: Encoding) {
    this.#environment = environment
    this.#name = name
    this.#encoding = encoding
  }

  get (key: TreeKey): unknown {
    const value = this.#environment.read(this.#name).get(key)
    return value === undefined ? undefined : this.#decode(value)
  }

  getBinaryFast (key: TreeKey): unknown {
    return this.get(key)
  }

  getRange ({ start, end, limit }: { start?: TreeKey, end?: TreeKey, limit?: number } = {}): Array<{ key: TreeKey, value: unknown }> {
    return this.#environment.read(this.#name).range(start, end, limit).map(({ key, value }) => ({ key, value: this.#decode(value) }))
  }

  getKeys (options: { start?: TreeKey, end?: TreeKey, limit?: number } = {}): TreeKey[] {
    return this.getRange(options).map(({ key }) => key)
  }

  async put (key: TreeKey, value: unknown): Promise<boolean> {
    if (this.#environment.isInTransaction) return this.putSync(key, value)
    return await this.#environment.transaction(() => this.putSync(key, value)) as boolean
  }

  putSync (key: TreeKey, value: unknown, { append = false } = {}): boolean {
    const encoded = this.#encode(value)
    return this.#environment.write(this.#name, tree => {
      if (append) return tree.append(key, encoded)
      tree.put(key, encoded)
      return true
    })
  }

  async remove (key: TreeKey): Promise<boolean> {
    const remove = (): boolean => this.#environment.write(this.#name, tree => tree.remove(key))
    return this.#environment.isInTransaction ? remove() : await this.#environment.transaction(remove) as boolean
  }

  #encode (value: unknown): string | Buffer {
    if (this.#encoding === 'msgpack') return JSON.stringify(value)
    return typeof value === 'string' ? value : Buffer.from(value as Buffer)
  }

  #decode (value: string | Buffer): unknown {
    return this.#encoding === 'msgpack' ? JSON.parse(value as string) : value
  }
}

function failure (message: string, code: number): Error {
  return Object.assign(new Error(message), { code })
}

/** As lmdb-js tells that a commit has failed. */
function commitError (cause: Error): Error {
  const reason = Promise.reject(cause)
  reason.catch(() => {})
  return Object.assign(new Error('Commit failed (see commitError for details)'), { commitError: reason })
}
