import { execFileSync } from 'node:child_process'
import { rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { drainAll, limits, message, newDrop, start, TTL } from '../../../src/store/contract/boxes.js'
import { lmdbStore } from '../../../src/store/lmdb/lmdb-store.js'
import type { Store } from '../../../src/store/store.js'
import { needsMounts } from '../../helpers/mounts.js'
import { freshDirectory } from '../directory.js'

const reason = needsMounts()

for (const [way, free] of Object.entries<(store: Store, drop: string) => Promise<unknown>>({
  'a drain': (store, drop) => drainAll(store, drop),
  'an acknowledgement': (store, drop) => store.acknowledge(drop, 5, start),
  'a delete': (store, drop) => store.delete(drop, start)
})) {
  t.test(`${way} makes room on a full disk`, { skip: reason }, async t => {
    const { store, drops, fill } = await fullStore(t)
    for (let round = 0; round < 3; round++) {
      for (const drop of drops.splice(0, 3)) await free(store, drop)
      t.ok(await fill() > 0, 'for new messages')
    }
  })
}

t.test('the sweep makes room on a full disk', { skip: reason }, async t => {
  const { store, drops } = await fullStore(t)
  let freed = 0
  for (let step = await store.sweep(start + 2 * TTL); step > 0; step = await store.sweep(start + 2 * TTL)) freed += step
  t.equal(freed, drops.length)
  await store.create(newDrop(), TTL, start, limits)
})

t.test('on a disk that another program fills, the store keeps its data and continues', { skip: reason }, async t => {
  let refused = 0
  // One page more each time, so that a write is cut short at any point.
  for (let pages = 0; pages < 12; pages++) {
    const disk = smallDisk(t, '4m')
    const failures: Error[] = []
    const store = await lmdbStore({ path: join(disk, 'store'), onFailure: error => { failures.push(error) } })
    const drops = Array.from({ length: 10 }, () => newDrop())
    for (const drop of drops) await store.create(drop, TTL, start, limits)
    // In turn, so that draining one box changes the pages of all.
    const texts = Array.from({ length: 20 }, (_, n) => JSON.stringify(`${n} ${'x'.repeat(300)}`))
    const wide = { ...limits, maxBoxBytes: 2 ** 30 }
    await Promise.all(texts.flatMap(text => drops.map(drop => store.append(drop, message(text), start, wide))))

    const other = join(disk, 'other')
    const { bavail, bsize } = statfsSync(disk)
    writeFileSync(other, Buffer.alloc((bavail - pages) * bsize))
    await t.rejects(store.append(drops[0] as string, message('1'), start, wide), { code: 'BOX_ERR_STORE_FULL' })
    for (const drop of drops) {
      const drained = await drainAll(store, drop).catch((error: unknown) => {
        t.match(error, { code: 'BOX_ERR_STORE_FULL' })
        refused++
      })
      if (drained === undefined) t.strictSame((await store.read(drop, 0, 100, start)).texts, texts)
      else t.strictSame(drained.texts, texts)
    }
    rmSync(other)
    await store.append(drops[0] as string, message('1'), start, wide)
    t.equal((await store.read(drops[0] as string, 0, 100, start)).texts.at(-1), '1')
    t.strictSame(failures, [])
    await store.close()
  }
  t.ok(refused > 0, 'not even a drain always has room')
})

/** A store on a disk of its own that takes no more messages. */
async function fullStore (t: Test): Promise<{ store: Store, drops: string[], fill: () => Promise<number> }> {
  const store = await lmdbStore({ path: join(smallDisk(t, '8m'), 'store') })
  t.teardown(() => store.close())
  const drops = Array.from({ length: 20 }, () => newDrop())
  for (const drop of drops) await store.create(drop, TTL, start, limits)
  const wide = { ...limits, maxMessages: 10_000, maxBoxBytes: 2 ** 30 }
  let n = 0
  const fill = async (): Promise<number> => await fillWith(60_000) + await fillWith(3_000) + await fillWith(1)
  const fillWith = async (most: number): Promise<number> => {
    let stored = 0
    for (let refused = 0; refused < 20;) {
      const batch = Array.from({ length: 8 }, () => {
        const text = JSON.stringify('x'.repeat(n * 7919 % most))
        return store.append(drops[n++ % drops.length] as string, message(text), start, wide)
      })
      for (const result of await Promise.allSettled(batch)) {
        if (result.status === 'fulfilled') {
          stored++
        } else {
          t.match(result.reason, { code: 'BOX_ERR_STORE_FULL' })
          refused++
        }
      }
    }
    return stored
  }
  t.ok(await fill() > 50)
  return { store, drops, fill }
}

function smallDisk (t: Test, size: string): string {
  const path = freshDirectory(t)
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path])
  t.teardown(() => { execFileSync('umount', ['--lazy', path]) })
  return path
}
