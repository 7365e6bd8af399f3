// What happens when another process that opens the store sets LMDB back to an earlier transaction (src/store/lmdb/latest.ts).
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { limits, message, newDrop, start, TTL } from '../../../src/store/contract/boxes.js'
import { verifyStore } from '../../../src/store/lmdb/backup/verify.js'
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
