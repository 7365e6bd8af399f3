import { constants } from 'node:os'
import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { Commits } from '../../../src/store/lmdb/commits.js'

interface Held {
  commits: Commits
  /** how many operations each transaction had */
  sizes: number[]
  /** resolves to the operation's place in its transaction */
  run: () => Promise<number>
  several: (operations: number) => Array<Promise<number>>
  begin: () => Promise<void>
}

/** Commits whose transactions begin when the test says so. */
function held (): Held {
  const sizes: number[] = []
  const waiting: Array<() => void> = []
  let count = 0
  const commits = new Commits(async apply => {
    await new Promise<void>(resolve => { waiting.push(resolve) })
    count = 0
    apply()
    sizes.push(count)
  }, 60_000, () => {}, () => Infinity)
  const run = (): Promise<number> => commits.run(() => ++count)
  return {
    commits,
    sizes,
    run,
    several: operations => Array.from({ length: operations }, run),
    async begin () {
      while (waiting.length === 0) await turn()
      waiting.shift()!()
    }
  }
}

t.test('operations share a transaction and get their results in order of arrival', async t => {
  const { sizes, several, begin } = held()
  const results = several(3)
  await begin()
  t.strictSame(await Promise.all(results), [1, 2, 3])
  t.strictSame(sizes, [3])
})

t.test('one refused operation does not affect the others', async t => {
  const { commits, run, begin } = held()
  const results = [run(), commits.run(() => { throw Object.assign(new Error('full'), { code: 'BOX_ERR_FULL' }) }), run()]
  await begin()
  t.match(await Promise.allSettled(results), [{ value: 1 }, { reason: { code: 'BOX_ERR_FULL' } }, { value: 2 }])
})

t.test('a few operations wait for more, until the transaction begins', async t => {
  const { sizes, several, begin } = held()
  const results = several(2)
  setImmediate(() => results.push(...several(2)))
  for (let turns = 0; turns < 10; turns++) await turn()
  results.push(...several(2))
  await begin()
  t.strictSame(await Promise.all(results), [1, 2, 3, 4, 5, 6])
  t.strictSame(sizes, [6])
})

t.test('many operations do not wait; later ones gather for the next transaction, however many', async t => {
  const { sizes, several, begin } = held()
  const first = several(20)
  await new Promise<void>(resolve => { process.nextTick(resolve) })
  const second = [...several(20), ...several(20)]
  await begin()
  await Promise.all(first)
  await begin()
  await Promise.all(second)
  t.strictSame(sizes, [20, 40])
})

t.test('a transaction refused for lack of room leaves nothing behind for the next ones', async t => {
  let full = true
  const commits = new Commits(async apply => {
    if (full) throw Object.assign(new Error('no room'), { code: constants.errno.ENOSPC })
    apply()
  }, 60_000, () => {}, () => Infinity)
  await t.rejects(commits.run(() => 1), { code: 'BOX_ERR_STORE_FULL' })
  full = false
  t.equal(await commits.run(() => 1), 1)
})

t.test('operations that make room do not fail because of those that need it', async t => {
  const attempts: boolean[] = []
  let accepts = true
  const commits = new Commits(async (apply, isFull) => {
    attempts.push(isFull)
    accepts = !isFull
    apply()
    if (accepts) throw Object.assign(new Error('no room'), { code: constants.errno.ENOSPC })
  }, 60_000, () => {}, () => Infinity)
  const grow = () => {
    if (!accepts) throw Object.assign(new Error('full'), { code: 'BOX_ERR_STORE_FULL' })
    return 'stored'
  }
  const [stored, drained] = await Promise.allSettled([commits.run(grow), commits.run(() => 'drained')])
  t.match(stored, { status: 'rejected', reason: { code: 'BOX_ERR_STORE_FULL' } })
  t.match(drained, { status: 'fulfilled', value: 'drained' })
  t.strictSame(attempts, [false, true])
})

t.test('a write cut short is a lack of room on a full disk, and a failure otherwise', async t => {
  const failures: Error[] = []
  let broken = true
  let free = 1024
  const commits = new Commits(async apply => {
    if (broken) throw Object.assign(new Error('Input/output error'), { code: constants.errno.EIO })
    apply()
  }, 60_000, error => { failures.push(error) }, () => free)
  await t.rejects(commits.run(() => 1), { code: 'BOX_ERR_STORE_FULL', cause: { message: 'Input/output error' } })
  broken = false
  t.equal(await commits.run(() => 1), 1, 'the store goes on')
  t.strictSame(failures, [])

  broken = true
  free = 1024 ** 3
  await t.rejects(commits.run(() => 1), { code: 'BOX_ERR_STORE' })
  await t.rejects(commits.run(() => 1), { code: 'BOX_ERR_STORE' })
  t.equal(failures.length, 1)
})

t.test('any other failure stops the store and is reported once', async t => {
  const failures: Error[] = []
  const commits = new Commits(async () => { throw new Error('gone') }, 60_000, error => { failures.push(error) }, () => Infinity)
  const results = await Promise.allSettled([commits.run(() => 1), commits.run(() => 2)])
  t.match(results, [{ reason: { code: 'BOX_ERR_STORE' } }, { reason: { code: 'BOX_ERR_STORE' } }])
  await t.rejects(commits.run(() => 3), { code: 'BOX_ERR_STORE' })
  t.match(failures, [{ cause: { message: 'gone' } }])
  t.equal(failures.length, 1)
})

t.test('close lets accepted operations settle and accepts no more', async t => {
  const { commits, run, begin } = held()
  const result = run()
  const closed = commits.close()
  await t.rejects(run(), { code: 'BOX_ERR_STORE' })
  await begin()
  await closed
  t.equal(await result, 1)
})
