import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { open } from 'lmdb'
import t, { type Test } from 'tap'
import { diskCosts as costs } from '../../../src/store/cost.js'
import { lmdbStore } from '../../../src/store/lmdb/lmdb-store.js'
import { Records } from '../../../src/store/lmdb/records.js'
import { MAX_KEYS, type Store } from '../../../src/store/store.js'
import { drainAll, limits, message, newDrop, start, TTL } from '../../../src/store/contract/boxes.js'
import { freshDirectory } from '../directory.js'
import { modelTest } from '../model.js'
import { heldCosts } from './held-costs.js'

t.test('what was stored is there after reopening', async t => {
  const path = freshDirectory(t)
  const drop = newDrop()
  const drained = newDrop()
  const cap = { ...limits, maxStoreBytes: 2 * costs.box + 3 * costs.message(1) + costs.key('key') }
  let store = await lmdbStore({ path })
  await store.create(drop, TTL, start, cap)
  await store.create(drained, TTL, start, cap)
  for (const n of [1, 2, 3]) await store.append(drop, message(`${n}`, n === 2 ? 'key' : undefined), start, cap)
  await store.acknowledge(drop, 1, start)
  await store.append(drained, message('1'), start, cap)
  await store.drain(drained, start)
  await store.close()

  store = await lmdbStore({ path })
  t.teardown(() => store.close())
  t.strictSame(await store.read(drop, 0, 10, start), { texts: ['2', '3'], next: 3, expires: start + TTL })
  t.strictSame(await store.append(drop, message('2', 'key'), start, cap), { seq: 2, count: 2 }, 'keys too')
  t.strictSame(await store.append(drained, message('2'), start, cap), { seq: 2, count: 1 }, 'numbers go on')
  await t.rejects(store.append(drop, message('4'), start, cap), { code: 'BOX_ERR_STORE_FULL' }, 'bytes were counted')
  await t.rejects(store.read(drop, 0, 1, start + TTL), { code: 'BOX_ERR_NOT_FOUND' }, 'it expires while the store is closed')
  t.equal(await store.sweep(start + TTL), 2)
  await store.create(newDrop(), TTL, start, { ...limits, maxStoreBytes: costs.box })
})

t.test('messages that their box\'s record does not cover are there after reopening', async t => {
  const path = freshDirectory(t)
  const drop = newDrop()
  const others = [newDrop(), newDrop()]
  let store = await lmdbStore({ path })
  for (const box of [drop, ...others]) await store.create(box, TTL, start, limits)
  await store.append(drop, message('0', 'a key'), start, limits)
  const before = await bytesOf(store, path, 'boxes', drop)
  store = await lmdbStore({ path })
  for (let n = 1; n <= 70; n++) {
    for (const box of [drop, ...others]) await store.append(box, message(`${n}`), start + TTL / 2 + n, limits)
  }
  t.strictSame(await bytesOf(store, path, 'boxes', drop), before, 'the record is what it was')

  for (const round of ['once', 'twice']) {
    store = await lmdbStore({ path })
    const { texts, next } = await store.read(drop, 0, 100, start + TTL / 2)
    t.strictSame(texts, Array.from({ length: 71 }, (_, n) => `${n}`), `${round}: all of them, beyond a chunk`)
    t.equal(next, 71)
    await store.read(drop, 0, 1, start + TTL + TTL / 2 - 1)
    await store.close()
  }
  store = await lmdbStore({ path })
  t.teardown(() => store.close())
  t.equal(await store.acknowledge(others[0] as string, 69, start + TTL), 1)
  t.strictSame(await store.append(others[0] as string, message('71'), start + TTL, limits), { seq: 71, count: 2 })
  t.strictSame((await drainAll(store, others[0] as string, start + TTL)).texts, ['70', '71'])
})

t.test('a record lags by no more than can be read quickly', async t => {
  const path = freshDirectory(t)
  const drop = newDrop()
  const busy = newDrop()
  let store = await lmdbStore({ path })
  for (const box of [drop, busy]) await store.create(box, TTL, start, limits)
  const before = await bytesOf(store, path, 'boxes', drop)
  store = await lmdbStore({ path })
  t.teardown(() => store.close())
  await store.append(drop, message('1'), start, limits)
  const large = message(JSON.stringify('x'.repeat(500_000)))
  const wide = { ...limits, maxBoxBytes: 2 ** 30 }
  for (let n = 0; n < 17; n++) await store.append(busy, large, start, wide)
  const after = await bytesOf(store, path, 'boxes', drop)
  t.notSame(after, before, 'it has caught up')
  store = await lmdbStore({ path })
  t.strictSame((await store.read(drop, 0, 10, start)).texts, ['1'])
  t.equal((await drainAll(store, busy)).texts.length, 17)
})

t.test('a read concurrent with emptying the box gets all messages or none', async t => {
  const store = await lmdbStore({ path: freshDirectory(t) })
  t.teardown(() => store.close())
  const drop = newDrop()
  await store.create(drop, TTL, start, limits)
  for (let round = 0; round < 50; round++) {
    await Promise.all([1, 2, 3].map(n => store.append(drop, message(`${n}`), start, limits)))
    const reads: Array<Promise<number>> = []
    const emptied = drainAll(store, drop)
    const settled = emptied.then(() => true)
    for (let open = true; open; open = !await Promise.race([settled, new Promise(resolve => { setImmediate(resolve) })])) {
      reads.push(store.read(drop, 0, 10, start).then(({ texts }) => texts.length))
    }
    t.ok((await Promise.all(reads)).every(length => length === 3 || length === 0))
    t.equal((await emptied).texts.length, 3)
    t.strictSame((await store.read(drop, 0, 10, start)).texts, [])
  }
})

t.test('a read that cannot renew the box returns the stored deadline', async t => {
  const store = await lmdbStore({ path: freshDirectory(t) })
  t.teardown(() => store.close())
  const drop = newDrop()
  await store.create(drop, TTL, start, limits)
  await store.append(drop, message('1'), start, limits)
  const { transaction } = Records.prototype
  t.teardown(() => { Records.prototype.transaction = transaction })
  const fail = (error: Error) => { Records.prototype.transaction = async () => { throw error } }

  fail(Object.assign(new Error('no space left'), { code: constants.errno.ENOSPC }))
  t.strictSame(await store.read(drop, 0, 10, start + TTL / 2), { texts: ['1'], next: 1, expires: start + TTL })
  fail(new Error('input/output error'))
  await t.rejects(store.read(drop, 0, 10, start + TTL / 2), { code: 'BOX_ERR_STORE', cause: { message: 'input/output error' } })
})

t.test('polling a box writes nothing', async t => {
  const path = freshDirectory(t)
  const store = await lmdbStore({ path })
  t.teardown(() => store.close())
  const drop = newDrop()
  await store.create(drop, TTL, start, limits)
  const before = readFileSync(join(path, 'data.mdb'))
  for (let n = 0; n < 50; n++) await store.read(drop, 0, 10, start + n)
  await store.acknowledge(drop, 0, start + 50)
  await store.drain(drop, start + 50)
  await store.sweep(start + 50)
  t.ok(before.equals(readFileSync(join(path, 'data.mdb'))))
})

t.test('a sweep of many boxes proceeds in steps', async t => {
  const store = await lmdbStore({ path: freshDirectory(t) })
  t.teardown(() => store.close())
  await Promise.all(Array.from({ length: 1200 }, (_, n) => store.create(newDrop(), TTL, start + n, limits)))
  const steps = []
  for (let step = await store.sweep(start + TTL + 1199); step > 0; step = await store.sweep(start + TTL + 1199)) steps.push(step)
  t.strictSame(steps, [500, 500, 200])
})

t.test('freed space is reused', async t => {
  const path = freshDirectory(t)
  const store = await lmdbStore({ path })
  t.teardown(() => store.close())
  const drop = newDrop()
  await store.create(drop, TTL, start, limits)
  const text = JSON.stringify('x'.repeat(5_000))
  const round = async (): Promise<number> => {
    for (let n = 0; n < 3; n++) {
      await Promise.all(Array.from({ length: 50 }, () => store.append(drop, message(text), start, limits)))
      await store.drain(drop, start)
    }
    return statSync(join(path, 'data.mdb')).size
  }
  const size = await round()
  for (let n = 0; n < 5; n++) await round()
  t.ok(await round() <= size * 1.5)
})

t.test('when the last box is gone, nothing is left of it', async t => {
  const path = freshDirectory(t)
  let store = await lmdbStore({ path })
  await modelTest(store, {
    costs: heldCosts,
    reopen: async () => {
      await store.close()
      store = await lmdbStore({ path })
      return store
    }
  })
  const keyed = newDrop()
  await store.create(keyed, TTL, start, limits)
  await Promise.all(Array.from({ length: MAX_KEYS + 50 }, (_, n) => store.append(keyed, message(`${n}`, `key ${n}`), start, limits)))
  while (await store.sweep(start + 1e9) > 0);
  await store.close()

  const root = open({ path, noSubdir: false, overlappingSync: false, encoding: 'binary' })
  for (const name of ['boxes', 'places', 'messages', 'keys', 'deadlines']) {
    t.equal(root.openDB({ name, encoding: 'binary' }).getKeysCount(), 0, name)
  }
  t.equal(root.getBinary('totals')?.readDoubleLE(0), 0, 'and it costs nothing')
  await root.close()
})

t.test('a directory that another process has open is refused until that process ends', async t => {
  const path = freshDirectory(t)
  const holder = await hold(t, path)
  t.equal(holder.said, 'open')
  const refused = { message: `The store in '${path}' cannot be opened: process ${holder.process.pid} has it open. Stop that process, or choose another directory.` }
  await t.rejects(lmdbStore({ path }), refused)
  await t.rejects(lmdbStore({ path }), refused)

  holder.process.send('go')
  await once(holder.process, 'exit')
  const store = await lmdbStore({ path })
  const second = await hold(t, path)
  t.match(second.said, `process ${process.pid} has it open`)
  await store.close()
})

t.test('a killed process leaves no lock behind', async t => {
  const path = freshDirectory(t)
  const holder = await hold(t, path)
  holder.process.kill('SIGKILL')
  await once(holder.process, 'exit')
  const store = await lmdbStore({ path })
  await store.close()
})

t.test('a stale lock whose process id was reused is ignored', async t => {
  const path = freshDirectory(t)
  const holder = await hold(t, path)
  holder.process.kill('SIGKILL')
  await once(holder.process, 'exit')
  // The dead process's entry in the table of readers gets the id of one that is alive: our parent.
  const file = join(path, 'lock.mdb')
  const table = readFileSync(file)
  const dead = Buffer.alloc(4)
  dead.writeUInt32LE(holder.process.pid as number)
  const at = table.indexOf(dead, 64)
  t.not(at, -1, 'the entry is there')
  table.writeUInt32LE(process.ppid, at)
  writeFileSync(file, table)
  const store = await lmdbStore({ path })
  await store.close()
})

t.test('a second store on the same directory in this process is refused', async t => {
  const path = freshDirectory(t)
  const store = await lmdbStore({ path })
  await t.rejects(lmdbStore({ path: join(path, '..', path.split('/').at(-1) as string) }), { message: /is already open\. Use that one\.$/ })
  await store.create(newDrop(), TTL, start, limits)
  for (const now of [start, start + TTL, start + 2 * TTL]) await store.sweep(now)
  const other = await hold(t, path)
  t.match(other.said, `process ${process.pid} has it open`, 'and the lock is still held')
  await store.close()
  await (await lmdbStore({ path })).close()
})

t.test('a path that cannot be a store is refused in one line', async t => {
  const path = freshDirectory(t)
  const file = join(path, 'file')
  writeFileSync(file, 'text')
  await t.rejects(lmdbStore({ path: file }), { message: `The store in '${file}' cannot be opened: it is a file. Choose a directory.` })
  await t.rejects(lmdbStore({ path: join(file, 'below') }), { message: /part of the path is a file\. Choose a directory\.$/ })
  writeFileSync(join(path, 'data.mdb'), 'x'.repeat(10_000))
  await t.rejects(lmdbStore({ path }), { message: /its data\.mdb is not a store\. Choose another directory\.$/ })
})

t.test('a directory from before there were rooms is read as it is, and can have rooms from then on', async t => {
  const path = freshDirectory(t)
  const [drop, room] = [newDrop(), newDrop()]
  let store = await lmdbStore({ path })
  await store.create(drop, TTL, start, limits)
  await store.append(drop, message('1', 'key'), start, limits)
  await store.close()
  const stored = async (change?: number): Promise<number> => {
    const root = open({ path, noSubdir: false, overlappingSync: false, encoding: 'binary' })
    const format = root.getBinary('format') as Buffer
    const before = format.readDoubleLE()
    if (change !== undefined) {
      format.writeDoubleLE(change)
      await root.put('format', format)
    }
    await root.close()
    return before
  }
  t.equal(await stored(6), 7)
  store = await lmdbStore({ path })
  t.match(await store.read(drop, 0, 10, start), { texts: ['1'], next: 1, expires: start + TTL })
  await store.create(room, TTL, start, limits, undefined, TTL)
  await store.append(room, message('2'), start, limits)
  await store.close()
  t.equal(await stored(), 7, 'an older program refuses it')
  store = await lmdbStore({ path })
  t.teardown(() => store.close())
  t.match(await store.read(drop, 0, 10, start), { texts: ['1'] })
  t.match(await store.read(room, 0, 10, start), { texts: ['2'], keep: TTL })
})

t.test('a room knows after reopening when each of its messages came', async t => {
  const path = freshDirectory(t)
  const drop = newDrop()
  let store = await lmdbStore({ path })
  await store.create(drop, TTL, start, limits, undefined, TTL / 2)
  for (let n = 0; n < 100; n++) await store.append(drop, message(`${n}`), start + n, limits)
  await store.close()
  store = await lmdbStore({ path })
  t.teardown(() => store.close())
  t.match((await store.read(drop, 0, 100, start + TTL / 2 + 39)).texts, Array.from({ length: 60 }, (_, i) => `${i + 40}`))
  t.equal(await store.sweep(start + TTL / 2 + 39), 40)
  t.match(await store.append(drop, message('100'), start + TTL / 2 + 39, limits), { seq: 101, count: 61 })
})

t.test('a directory with another layout version is refused', async t => {
  const path = freshDirectory(t)
  await (await lmdbStore({ path })).close()
  const root = open({ path, noSubdir: false, overlappingSync: false, encoding: 'binary' })
  const format = root.getBinary('format') as Buffer
  format.writeDoubleLE(99)
  await root.put('format', format)
  await root.close()
  await t.rejects(lmdbStore({ path }), { message: /a newer version of signalbox wrote it, in layout 99 .*\. Use that version\.$/ })
})

t.test('a directory may have a dot in its name and missing parents', async t => {
  const path = join(freshDirectory(t), 'parent', 'data.d')
  const store = await lmdbStore({ path })
  await store.close()
  t.ok(statSync(join(path, 'data.mdb')).isFile())
  t.equal(statSync(path).mode & 0o77, 0, 'others cannot look in')
})

t.test('a closed store refuses every operation', async t => {
  const store = await lmdbStore({ path: freshDirectory(t) })
  await store.close()
  await t.rejects(store.check(), { code: 'BOX_ERR_STORE' })
  await t.rejects(store.read(newDrop(), 0, 1, start), { code: 'BOX_ERR_STORE' })
  await t.rejects(store.create(newDrop(), TTL, start, limits), { code: 'BOX_ERR_STORE' })
})

/** What a closed store has under a key. */
async function bytesOf (store: Store, path: string, name: string, key: string): Promise<Buffer | undefined> {
  await store.close()
  const root = open({ path, noSubdir: false, overlappingSync: false, encoding: 'binary' })
  const bytes = root.openDB<Buffer, string>({ name, encoding: 'binary' }).get(key)
  await root.close()
  return bytes
}

async function hold (t: Test, path: string): Promise<{ process: ChildProcess, said: string }> {
  const child = fork(fileURLToPath(new URL('holder.ts', import.meta.url)), [path])
  t.teardown(() => { child.kill('SIGKILL') })
  const [said] = await once(child, 'message')
  return { process: child, said }
}
