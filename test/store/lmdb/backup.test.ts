import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { open } from 'lmdb'
import t, { type Test } from 'tap'
import { limits, message, newDrop, start, TTL } from '../../../src/store/contract/boxes.js'
import { backUp } from '../../../src/store/lmdb/backup/backup.js'
import { restore } from '../../../src/store/lmdb/backup/restore.js'
import { verifyBackup, verifyStore } from '../../../src/store/lmdb/backup/verify.js'
import { lmdbStore } from '../../../src/store/lmdb/lmdb-store.js'
import { program } from '../../helpers/program.js'
import { freshDirectory } from '../directory.js'

/** A closed store with something of everything, and what it holds. */
async function filledStore (t: Test) {
  const path = freshDirectory(t)
  const [keyed, held, room, gone] = [newDrop(), newDrop(), newDrop(), newDrop()]
  const store = await lmdbStore({ path })
  await store.create(keyed, TTL, start, limits)
  await store.create(held, TTL, start, limits, 'holder')
  await store.create(room, TTL, start, limits, undefined, TTL / 2)
  await store.create(gone, TTL / 4, start, limits)
  await Promise.all(Array.from({ length: 100 }, (_, n) => [
    store.append(keyed, message(`${n}`, `key ${n}`), start, limits),
    ...[held, room].map(drop => store.append(drop, message(JSON.stringify('x'.repeat(n * 37))), start + n, limits))
  ]).flat())
  await store.acknowledge(held, 45, start)
  await store.close()
  return { path, keyed, held, room }
}

const damaged = { name: 'DamageError' }

t.test('a backup has everything, and nothing that was deleted', async t => {
  const { path, keyed, held, room } = await filledStore(t)
  const secret = 'a deleted secret'
  const store = await lmdbStore({ path })
  await store.append(room, message(JSON.stringify(secret)), start + 100, limits)
  await store.acknowledge(room, 101, start + 100)
  await store.close()
  const file = join(freshDirectory(t), 'backup')
  const now = start + TTL / 4
  t.match(await backUp(path, file, false, now), { content: { boxes: 3, expired: 1, messages: 155 } })
  t.notOk(readFileSync(file).includes(secret))
  t.equal(statSync(file).mode & 0o77, 0, 'others cannot read it')
  t.strictSame(readdirSync(join(file, '..')), ['backup'], 'and nothing is left beside it')

  const restored = join(freshDirectory(t), 'store')
  await restore(file, restored, false, now)
  t.strictSame(readdirSync(restored), ['data.mdb'])
  t.match(await verifyStore(restored, now), { boxes: 3, messages: 155 })
  const again = await lmdbStore({ path: restored })
  t.teardown(() => again.close())
  t.match(await again.read(keyed, 98, 10, now), { texts: ['98', '99'], next: 100, expires: now + TTL })
  t.strictSame(await again.append(keyed, message('7', 'key 7'), now, limits), { seq: 8, count: 8 }, 'keys too')
  t.match(await again.append(held, message('1'), now, limits), { seq: 101, count: 56 })
  t.match(await again.append(room, message('1'), now, limits), { seq: 102 })
  t.ok(await again.sweep(now) > 0, 'what has expired is swept')
})

t.test('a backup with any change in it is refused, and replaces nothing', { timeout: 120_000 }, async t => {
  const { path } = await filledStore(t)
  const directory = freshDirectory(t)
  const file = join(directory, 'backup')
  const other = join(directory, 'other')
  const copy = join(directory, 'copy')
  await backUp(path, file, false, start)
  const good = readFileSync(file)
  await verifyBackup(file, start)
  const refused = async (bytes: Buffer): Promise<void> => {
    writeFileSync(copy, bytes)
    await assert.rejects(verifyBackup(copy, start), damaged)
  }
  const at = fc.nat(good.length - 1)
  await fc.assert(fc.asyncProperty(at, fc.integer({ min: 1, max: 255 }), async (at, bits) => {
    const bytes = Buffer.from(good)
    bytes[at]! ^= bits
    await refused(bytes)
  }), { numRuns: 60 })
  await fc.assert(fc.asyncProperty(at, length => refused(good.subarray(0, length))), { numRuns: 40 })
  const page = fc.nat(Math.floor(good.length / 4096) - 1)
  await fc.assert(fc.asyncProperty(page, page, async (one, two) => {
    const [a, b] = [one, two].map(n => good.subarray(n * 4096, (n + 1) * 4096)) as [Buffer, Buffer]
    fc.pre(!a.equals(b))
    const bytes = Buffer.from(good)
    bytes.set(a, two * 4096)
    bytes.set(b, one * 4096)
    await refused(bytes)
  }), { numRuns: 30 })
  const store = await lmdbStore({ path })
  await store.create(newDrop(), TTL, start, limits)
  await store.close()
  await backUp(path, other, false, start)
  await refused(Buffer.concat([good.subarray(0, -512), readFileSync(other).subarray(-512)]))

  const before = readFileSync(join(path, 'data.mdb'))
  await t.rejects(restore(copy, path, true, start), damaged)
  t.ok(before.equals(readFileSync(join(path, 'data.mdb'))))
  const missing = join(directory, 'new')
  await t.rejects(restore(copy, missing, false, start), damaged)
  t.notOk(existsSync(missing))
})

t.test('records that contradict each other are found', async t => {
  const { path: good } = await filledStore(t)
  await verifyStore(good, start)
  for (const [what, change] of Object.entries<(root: ReturnType<typeof open>) => void>({
    'a missing message': root => { root.openDB({ name: 'messages', encoding: 'string' }).removeSync(100) },
    'a message of no box': root => { root.openDB({ name: 'messages', encoding: 'string' }).putSync(5_000, `${start + TTL} nobody 1`) },
    'a message that is not JSON': root => { root.openDB({ name: 'messages', encoding: 'string' }).putSync(100, `${start + TTL},${start} nobody {`) },
    'a missing place': root => { root.openDB({ name: 'places', encoding: 'binary' }).clearSync() },
    'a missing key': root => { root.openDB({ name: 'keys', encoding: 'string' }).removeSync([...root.openDB({ name: 'keys' }).getKeys({ limit: 1 })][0] as never) },
    'a missing holder': root => { root.openDB({ name: 'holders', encoding: 'string' }).clearSync() },
    'a missing deadline': root => { root.openDB({ name: 'deadlines', encoding: 'binary' }).clearSync() },
    'a record that is no box': root => { root.openDB({ name: 'boxes', encoding: 'msgpack' }).putSync('drop', 'text') },
    'another size': root => { root.putSync('totals', Buffer.alloc(24)) },
    'no layout': root => { root.removeSync('format') }
  })) {
    const path = freshDirectory(t)
    copyFileSync(join(good, 'data.mdb'), join(path, 'data.mdb'))
    const root = open({ path, noSubdir: false, overlappingSync: false, encoding: 'binary' })
    change(root)
    await root.close()
    await t.rejects(verifyStore(path, start), damaged, what)
    const file = join(freshDirectory(t), 'backup')
    await t.rejects(backUp(path, file, false, start), damaged, what)
    t.strictSame(readdirSync(join(file, '..')), [], 'no backup is made of it')
  }
})

t.test('a backup of the layout before rooms is upgraded when it is opened, and one of a later layout is refused', async t => {
  const { path, keyed } = await filledStore(t)
  const setFormat = async (format: number): Promise<void> => {
    const root = open({ path, noSubdir: false, overlappingSync: false, encoding: 'binary' })
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleLE(format)
    await root.put('format', bytes)
    await root.close()
  }
  const directory = freshDirectory(t)
  await setFormat(6)
  await backUp(path, join(directory, 'old'), false, start)
  await restore(join(directory, 'old'), join(directory, 'store'), false, start)
  const store = await lmdbStore({ path: join(directory, 'store') })
  t.match(await store.read(keyed, 0, 1, start), { texts: ['0'] })
  await store.create(newDrop(), TTL, start, limits, undefined, TTL)
  await store.close()
  await setFormat(99)
  await t.rejects(backUp(path, join(directory, 'new'), false, start), { message: /^a newer version of signalbox wrote it, in layout 99 .*\. Use that version$/ })
  t.strictSame(readdirSync(directory).sort(), ['old', 'store'])
})

t.test('nothing is overwritten without being told to', async t => {
  const { path } = await filledStore(t)
  const file = join(freshDirectory(t), 'backup')
  await backUp(path, file, false, start)
  const made = readFileSync(file)
  await t.rejects(backUp(path, file, false, start), { message: /exists\. Choose another name, or pass --overwrite/ })
  await t.rejects(backUp(path, join(path, 'nowhere/store.backup'), false, start), { message: /^the directory '.*nowhere' does not exist$/ })
  t.ok(made.equals(readFileSync(file)))
  await backUp(path, file, true, start)

  await t.rejects(restore(file, path, false, start), { message: /contains a store/ })
  const store = await lmdbStore({ path })
  const drop = newDrop()
  await store.create(drop, TTL, start, limits)
  await store.close()
  await restore(file, path, true, start)
  const restored = await lmdbStore({ path })
  t.teardown(() => restored.close())
  await t.rejects(restored.read(drop, 0, 1, start), { code: 'BOX_ERR_NOT_FOUND' })
})

t.test('a damaged store can be replaced', async t => {
  const { path } = await filledStore(t)
  const file = join(freshDirectory(t), 'backup')
  await backUp(path, file, false, start)
  truncateSync(join(path, 'data.mdb'), 3 * 4096)
  await restore(file, path, true, start)
  t.match(await verifyStore(path, start), { messages: 255 })
  writeFileSync(join(path, 'data.mdb'), Buffer.alloc(4096, 'x'))
  await t.rejects(restore(file, path, true, start), { message: /too damaged to tell/ })
})

t.test('a store that a server creates during the restoration is not replaced', async t => {
  const { path } = await filledStore(t)
  const file = join(freshDirectory(t), 'backup')
  await backUp(path, file, false, start)
  for (const directory of [freshDirectory(t), join(freshDirectory(t), 'new')]) {
    const restoring = restore(file, directory, true, start)
    // It has seen that there is none, and copies.
    writeFileSync(join(directory, 'data.mdb'), 'theirs')
    await t.rejects(restoring, { message: /a server has just created a store/ })
    t.equal(readFileSync(join(directory, 'data.mdb'), 'utf8'), 'theirs')
    t.strictSame(readdirSync(directory), ['data.mdb'])
  }
})

t.test('a process that copies a store does not keep a server from starting, and a killed one does not keep pages', async t => {
  const { path } = await filledStore(t)
  const reader = fork(await program(t, new URL('reader.ts', import.meta.url)), [path])
  t.teardown(() => { reader.kill('SIGKILL') })
  t.equal((await once(reader, 'message'))[0], 'reading')
  const store = await lmdbStore({ path })
  t.teardown(() => store.close())
  await t.rejects(lmdbStore({ path }), 'but it is still open only once')
  reader.kill('SIGKILL')
  await once(reader, 'exit')

  const drop = newDrop()
  await store.create(drop, 10 * TTL, start, limits)
  const text = message(JSON.stringify('x'.repeat(50_000)))
  const round = async (): Promise<number> => {
    for (let n = 0; n < 10; n++) await store.append(drop, text, start, limits)
    await store.drain(drop, start)
    await store.sweep(start)
    return statSync(join(path, 'data.mdb')).size
  }
  for (let n = 0; n < 3; n++) await round()
  const size = await round()
  for (let n = 0; n < 10; n++) await round()
  t.ok(await round() <= size * 1.5, 'freed pages are reused')
  await store.close()
  await (await lmdbStore({ path })).close()
  t.strictSame(readdirSync(path).sort(), ['data.mdb', 'lock.mdb'], 'and nothing is left of it')
})

t.test('a backup is not made where others could change the store unnoticed', async t => {
  const { path } = await filledStore(t)
  const copied = freshDirectory(t)
  await t.rejects(backUp(copied, join(copied, 'backup'), false, start), { message: /contains no store\. Pass the --store of the server/ })
  copyFileSync(join(path, 'data.mdb'), join(copied, 'data.mdb'))
  t.match(await verifyStore(copied, start), { messages: 255 }, 'a store without its lock gets one')
})
