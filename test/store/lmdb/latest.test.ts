// What happens when another process that opens the store sets LMDB back to an earlier transaction (src/store/lmdb/latest.ts).
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { limits, message, newDrop, start, TTL } from '../../../src/store/contract/boxes.js'
import type { backUp } from '../../../src/store/lmdb/backup/backup.js'
import * as snapshot from '../../../src/store/lmdb/backup/snapshot.js'
import { verifyStore } from '../../../src/store/lmdb/backup/verify.js'
import { LockFile, SetBackError } from '../../../src/store/lmdb/latest.js'
import { lmdbStore } from '../../../src/store/lmdb/lmdb-store.js'
import type { Store } from '../../../src/store/store.js'
import { freshDirectory } from '../directory.js'

/** Where LMDB's lock file has the number of the last transaction. */
const NUMBER = 8

/** Changes that number as another process would, whose locks are not ours. */
function setBack (path: string, by: number): void {
  const program = `
    const fs = require('node:fs')
    const [file, by] = process.argv.slice(1)
    const fd = fs.openSync(file, 'r+')
    const bytes = Buffer.alloc(8)
    fs.readSync(fd, bytes, 0, 8, ${NUMBER})
    bytes.writeBigUInt64LE(bytes.readBigUInt64LE() - BigInt(by))
    fs.writeSync(fd, bytes, 0, 8, ${NUMBER})`
  execFileSync(process.execPath, ['--eval', program, join(path, 'lock.mdb'), String(by)])
}

async function filled (t: Test) {
  const path = freshDirectory(t)
  const store = await lmdbStore({ path, deadline: 60_000, onFailure: error => { t.fail(error.message) } })
  t.teardown(() => store.close())
  const drop = newDrop()
  await store.create(drop, TTL, start, limits)
  const texts: string[] = []
  const add = async (key?: string): Promise<number> => {
    const text = JSON.stringify(`message ${texts.length + 1}`)
    texts.push(text)
    return (await store.append(drop, message(text, key), start, limits)).seq
  }
  // More transactions than any test goes back.
  for (let n = 0; n < 12; n++) await add(n % 2 === 0 ? `key ${n}` : undefined)
  return { path, store, drop, texts, add }
}

const textsOf = async (store: Store, drop: string): Promise<string[]> => (await store.read(drop, 0, 100, start)).texts

for (const by of [1, 2, 5, 8]) {
  t.test(`a store that is set back by ${by} loses nothing that was acknowledged`, async t => {
    const { path, store, drop, texts, add } = await filled(t)
    setBack(path, by)
    t.equal(await add(), 13)
    t.same(await textsOf(store, drop), texts)
    await add('last')
    t.match(await verifyStore(path, start), { boxes: 1, messages: 14 })
    await store.close()
    const again = await lmdbStore({ path })
    t.teardown(() => again.close())
    t.same(await textsOf(again, drop), texts)
  })

  t.test(`nor does a read see what was before, by ${by}`, async t => {
    const { path, store, drop, texts } = await filled(t)
    const late = newDrop()
    await store.create(late, TTL, start, limits)
    setBack(path, by)
    t.same(await textsOf(store, drop), texts)
    t.same(await textsOf(store, late), [])
  })
}

t.test('operations that come at once share one way back', async t => {
  const { path, store, drop, texts, add } = await filled(t)
  setBack(path, 1)
  t.same(await Promise.all([add('a'), add(), add('c')]), [13, 14, 15])
  await store.acknowledge(drop, 3, start)
  t.same(await textsOf(store, drop), texts.slice(3))
})

/** Calls this once, when a store that is being opened looks for the processes that read it. */
function whileOpening (t: Test, work: () => void): void {
  const { readdirSync } = fs
  const restore = (): void => {
    fs.readdirSync = readdirSync
    syncBuiltinESMExports()
  }
  t.teardown(restore)
  fs.readdirSync = ((...args: Parameters<typeof readdirSync>) => {
    restore()
    work()
    return readdirSync(...args)
  }) as typeof readdirSync
  syncBuiltinESMExports()
}

t.test('a store that is set back while it is opened has everything', async t => {
  const path = freshDirectory(t)
  const before = await lmdbStore({ path })
  const drop = newDrop()
  await before.create(drop, TTL, start, limits)
  const texts = ['1', '2', '3', '4', '5', '6']
  for (const text of texts) await before.append(drop, message(text), start, limits)
  await before.close()

  let wasSetBack = false
  whileOpening(t, () => {
    setBack(path, 1)
    wasSetBack = true
  })
  const store = await lmdbStore({ path, deadline: 60_000 })
  t.teardown(() => store.close())
  t.equal(wasSetBack, true)
  t.same(await textsOf(store, drop), texts)
  t.equal((await store.append(drop, message('7'), start, limits)).seq, 7)
  t.same(await textsOf(store, drop), [...texts, '7'])
})

t.test('a lock file that was moved away is still the one', async t => {
  const { path, store, drop, texts, add } = await filled(t)
  const moved = freshDirectory(t)
  fs.renameSync(join(path, 'lock.mdb'), join(moved, 'lock.mdb'))
  setBack(moved, 1)
  t.equal(await add(), 13)
  t.same(await textsOf(store, drop), texts)
})

t.test('whoever sets LMDB back each time stops the store, and not for ever', async t => {
  const path = freshDirectory(t)
  fs.writeFileSync(join(path, 'lock.mdb'), Buffer.alloc(32, 1))
  const lockFile = new LockFile(path)
  t.teardown(() => { lockFile.close() })
  let tries = 0
  const setBackAgain = async (): Promise<void> => {
    tries++
    throw new SetBackError(0x1_2345_6789)
  }
  await t.rejects(lockFile.onLatest(setBackAgain), { message: /keep setting LMDB back/ })
  t.equal(tries, 100)
  const written = fs.readFileSync(join(path, 'lock.mdb'))
  t.equal(written.readBigUInt64LE(NUMBER), 0x1_2345_6789n)
  t.same([...written.subarray(0, NUMBER), ...written.subarray(NUMBER + 8)], Array(24).fill(1), 'nothing else is changed')

  lockFile.close()
  tries = 0
  await t.rejects(lockFile.onLatest(setBackAgain), { message: /keep setting LMDB back/ })
  t.equal(tries, 1, 'a closed one is not written to')
})

/** `backUp`, for which LMDB is set back by one before it does this in a store, so many times. */
async function backUpSetBack (t: Test, path: string, before: 'backup' | 'getBinaryFast', times = Infinity): Promise<typeof backUp> {
  const openSetBack = async (directory: string): Promise<snapshot.Snapshot> => {
    const opened = await snapshot.openStoreSnapshot(directory)
    const original = opened.root[before].bind(opened.root) as (...args: unknown[]) => any
    opened.root[before] = (...args: unknown[]) => {
      if (times-- > 0) setBack(path, 1)
      return original(...args)
    }
    return opened
  }
  const mocked = await t.mockImport('../../../src/store/lmdb/backup/backup.js', {
    '../../../src/store/lmdb/backup/snapshot.js': { ...snapshot, openStoreSnapshot: openSetBack }
  }) as { backUp: typeof backUp }
  return mocked.backUp
}

for (const before of ['backup', 'getBinaryFast'] as const) {
  t.test(`a backup has everything that was acknowledged, if LMDB is set back before its ${before}`, async t => {
    const { path, store } = await filled(t)
    await store.close()
    const backUp = await backUpSetBack(t, path, before, 2)
    const file = join(freshDirectory(t), 'backup')
    t.match(await backUp(path, file, false, start), { content: { messages: 12 } })
  })
}

t.test('a backup that cannot have everything fails, and leaves nothing', async t => {
  const { path, store } = await filled(t)
  await store.close()
  const backUp = await backUpSetBack(t, path, 'backup')
  const directory = freshDirectory(t)
  await t.rejects(backUp(path, join(directory, 'backup'), false, start), { message: /keep setting LMDB back/ })
  t.same(fs.readdirSync(directory), [])
})
