import assert from 'node:assert/strict'
import fc from 'fast-check'
import { open, type RootDatabase } from 'lmdb'
import t, { type Test } from 'tap'
import { OPTIONS } from '../../src/store/lmdb/open.js'
import { freshDirectory } from '../store/directory.js'
import { SimulatedDisk, type Steps } from './lmdb.js'
import { Random } from './random.js'

type Root = RootDatabase<Buffer, string>

/** One database for each kind of key and of value that the store has. */
const KINDS = ['boxes', 'places', 'messages', 'keys', 'deadlines'] as const
type Kind = typeof KINDS[number]

interface Databases { openDB (options: { name: string, encoding: string }): any }

function openAll (root: Root): Record<Kind, any> {
  const databases = root as unknown as Databases
  return {
    boxes: databases.openDB({ name: 'boxes', encoding: 'msgpack' }),
    places: databases.openDB({ name: 'places', encoding: 'msgpack' }),
    messages: databases.openDB({ name: 'messages', encoding: 'string' }),
    keys: databases.openDB({ name: 'keys', encoding: 'string' }),
    deadlines: databases.openDB({ name: 'deadlines', encoding: 'binary' })
  }
}

const drop = fc.constantFrom('drop_A', 'drop_AB', 'drop_B', 'drop_a', 'drop_-', 'drop__')
const number = fc.oneof(fc.nat(5), fc.constantFrom(-1, 0.5, 31, 255, 256, 65_536, 1_795_953_600_000, 2 ** 53))
const text = fc.string({ unit: 'grapheme', maxLength: 20 })
const numbers = fc.array(number, { maxLength: 4 })

/** Random records of each kind. */
const records: Record<Kind, { key: fc.Arbitrary<any>, value: fc.Arbitrary<any> }> = {
  boxes: { key: drop, value: fc.tuple(fc.oneof(number, fc.tuple(number, number, number)), text, numbers).map(([ttl, holder, rest]) => [ttl, holder, ...rest]) },
  places: { key: fc.tuple(drop, number), value: numbers },
  messages: { key: number, value: text },
  keys: { key: fc.tuple(drop, fc.oneof(number, fc.stringMatching(/^[!-~]{1,8}$/))), value: text },
  deadlines: { key: fc.tuple(number, drop), value: fc.uint8Array({ maxLength: 3 }).map(bytes => Buffer.from(bytes)) }
}

interface Operation {
  kind: Kind
  do: 'put' | 'append' | 'remove' | 'get' | 'range' | 'keys'
  key: any
  end: any
  value: any
  limit: number
}

const operation: fc.Arbitrary<Operation> = fc.constantFrom(...KINDS).chain(kind => {
  const { key, value } = records[kind]
  const bound = kind === 'deadlines' ? fc.oneof(key, number.map(time => [time])) : key
  return fc.record({
    kind: fc.constant(kind),
    do: fc.constantFrom('put', 'put', 'put', 'append', 'remove', 'get', 'range', 'keys'),
    key,
    end: bound,
    value,
    limit: fc.integer({ min: 1, max: 4 })
  })
})

const transaction = fc.record({ operations: fc.array(operation, { maxLength: 12 }), isAborted: fc.boolean(), isSync: fc.constantFrom(false, false, true) })

/** @returns what it says, in a form that can be compared */
function perform (databases: Record<Kind, any>, { kind, do: what, key, end, value, limit }: Operation): unknown {
  const database = databases[kind]
  switch (what) {
    case 'put': return database.putSync(key, value)
    case 'append': return database.putSync(key, value, { append: true })
    // What a removal in a transaction says, the store does not ask.
    case 'remove': return database.remove(key) instanceof Promise
    case 'get': return plain(database.get(key))
    case 'range': return [...database.getRange({ start: key })].map(({ key, value }) => [key, plain(value)])
    case 'keys': return [...database.getKeys({ end, limit })]
  }
}

function plain (value: unknown): unknown {
  return Buffer.isBuffer(value) ? value.toString('hex') : value
}

function contents (databases: Record<Kind, any>): unknown {
  return KINDS.map(kind => [...databases[kind].getRange({})].map(({ key, value }) => [key, plain(value)]))
}

/** Runs all of it. @returns what each operation said, and what others could read after each transaction */
async function play (root: Root, databases: Record<Kind, any>, transactions: Array<{ operations: Operation[], isAborted: boolean, isSync: boolean }>): Promise<unknown[]> {
  const seen: unknown[] = []
  for (const { operations, isAborted, isSync } of transactions) {
    const run = (): string => {
      for (const operation of operations) seen.push(perform(databases, operation))
      if (isAborted) throw new Error('aborted')
      return 'done'
    }
    try {
      seen.push(isSync ? root.transactionSync(run) : await root.childTransaction(run))
    } catch (error) {
      seen.push((error as Error).message)
    }
    seen.push(contents(databases))
  }
  return seen
}

/** Takes each step in a turn of its own. */
const turns: Steps = { later: (_ms, _label, run) => { setImmediate(run) } }

t.test('the simulated LMDB says what the real one says, also when it is opened again', async t => {
  await fc.assert(fc.asyncProperty(fc.array(transaction, { maxLength: 6 }), fc.array(transaction, { maxLength: 2 }), async (before, after) => {
    const real = await runReal(t, before, after)
    const disk = new SimulatedDisk(turns, new Random(1))
    disk.isFaulty = false
    const simulated: unknown[] = []
    for (const transactions of [before, after]) {
      const { root } = disk.open(OPTIONS)
      simulated.push(await play(root, openAll(root), transactions))
      disk.crash()
    }
    assert.deepEqual(simulated, real)
  }), { numRuns: 60 })
})

async function runReal (t: Test, ...parts: Array<Parameters<typeof play>[2]>): Promise<unknown[]> {
  const path = freshDirectory(t)
  const seen: unknown[] = []
  for (const transactions of parts) {
    const root = open<Buffer, string>({ ...OPTIONS, path })
    seen.push(await play(root, openAll(root), transactions))
    await root.close()
  }
  return seen
}

t.test('a crash leaves all that was told to be flushed, and of what was not, whole transactions in their order', async t => {
  const left = new Set<number>()
  await fc.assert(fc.asyncProperty(fc.integer(), fc.nat(30), async (seed, crashAfter) => {
    let steps = 0
    const disk: SimulatedDisk = new SimulatedDisk({ later: (_ms, _label, run) => setImmediate(() => { if (steps++ === crashAfter) disk.crash(); run() }) }, new Random(seed))
    disk.isFaulty = false
    const { root } = disk.open(OPTIONS)
    const { messages, keys } = openAll(root)
    let told = 0
    void (async () => {
      for (let n = 1; n <= 10; n++) {
        await root.childTransaction(() => {
          messages.putSync(n, `message ${n}`)
          void keys.put(['drop_A', n], 'key')
        })
        told = n
      }
    })()
    for (let turn = 0; turn < 100; turn++) await new Promise(resolve => { setImmediate(resolve) })
    const { root: again } = disk.open(OPTIONS)
    const found = openAll(again)
    const count = found.messages.getKeys().length
    left.add(count - told)
    assert.deepEqual(found.messages.getKeys(), Array.from({ length: count }, (_, i) => i + 1))
    assert.equal(found.keys.getKeys().length, count)
    assert.ok(count === told || count === told + 1, `${count} are left, ${told} were told`)
  }))
  t.strictSame([...left].sort(), [0, 1], 'both come about')
})

t.test('without waiting for flushes, a crash loses what was told', async t => {
  let lost = 0
  for (let seed = 1; seed <= 50; seed++) {
    const later: Array<() => void> = []
    const disk = new SimulatedDisk({ later: (_ms, _label, run) => { later.push(run) } }, new Random(seed))
    disk.isFaulty = false
    const { root } = disk.open({ overlappingSync: true })
    const { messages } = openAll(root)
    const told = root.childTransaction(() => messages.putSync(1, 'told'))
    later.shift()?.()
    assert.equal(await told, true)
    disk.crash()
    if (openAll(disk.open({ overlappingSync: true }).root).messages.get(1) === undefined) lost++
  }
  t.ok(lost > 10 && lost < 40, `${lost} of 50`)
})

t.test('a full disk refuses one transaction, and a broken one all that follow', async t => {
  const fates = new Set<string>()
  for (let seed = 1; seed <= 20_000 && fates.size < 2; seed++) {
    const disk = new SimulatedDisk(turns, new Random(seed))
    const fate = disk.fate()
    if (fate !== 'full' && fate !== 'broken') continue
    if (fates.has(fate)) continue
    fates.add(fate)
    disk.fate = () => disk.isFaulty ? fate : 'good'
    const { root } = disk.open(OPTIONS)
    const { messages } = openAll(root)
    const error = await root.childTransaction(() => messages.putSync(1, 'x')).then(() => undefined, (error: unknown) => error) as { commitError: Promise<never> }
    const reason = await error.commitError.catch((reason: unknown) => reason) as { code: number }
    t.equal(reason.code, fate === 'full' ? 28 : 5)
    disk.isFaulty = false
    t.equal(messages.get(1), undefined)
    if (fate === 'broken') {
      t.throws(() => root.transactionSync(() => {}))
    } else {
      root.transactionSync(() => {})
      t.equal(await root.childTransaction(() => messages.putSync(1, 'y')), true)
    }
  }
  t.equal(fates.size, 2)
})
