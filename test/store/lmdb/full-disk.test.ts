import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { limits, message, newDrop, start, TTL } from '../../../src/store/contract/boxes.js'
import { lmdbStore } from '../../../src/store/lmdb/lmdb-store.js'
import { freshDirectory } from '../directory.js'

const reason = mountable()

t.test('a store that fills its disk refuses what is new, keeps what it has, and goes on', { skip: reason }, async t => {
  // Messages of several pages, of sizes that end a write anywhere on the disk.
  for (const size of [40_000, 33_333, 7_000]) {
    const path = join(smallDisk(t, '4m'), 'store')
    const failures: Error[] = []
    let store = await lmdbStore({ path, onFailure: error => { failures.push(error) } })
    const drop = newDrop()
    const wide = { ...limits, maxMessages: 10_000, maxBoxBytes: 2 ** 30 }
    await store.create(drop, TTL, start, wide)
    const stored: string[] = []
    let refused = 0
    for (let n = 0; refused < 5; n++) {
      const text = JSON.stringify(`${n} ${'x'.repeat(size)}`)
      try {
        await store.append(drop, message(text), start, wide)
        stored.push(text)
      } catch (error) {
        t.match(error, { code: 'BOX_ERR_STORE_FULL' })
        refused++
      }
    }
    t.strictSame(failures, [], `nothing has failed (${size})`)
    t.strictSame((await store.read(drop, 0, 10_000, start)).texts, stored)
    await store.close()

    store = await lmdbStore({ path, onFailure: error => { failures.push(error) } })
    t.strictSame((await store.read(drop, 0, 10_000, start)).texts, stored, 'after opening it again too')
    await t.rejects(store.append(drop, message(JSON.stringify('x'.repeat(60_000))), start, wide), { code: 'BOX_ERR_STORE_FULL' })
    await store.check()
    t.strictSame(failures, [])
    await store.close()
  }
})

function smallDisk (t: Test, size: string): string {
  const path = freshDirectory(t)
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path])
  t.teardown(() => { execFileSync('umount', ['--lazy', path]) })
  return path
}

/** For tap's `skip`: why no small disk can be had here. */
function mountable (): string | false {
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/tmp'], { stdio: 'ignore' })
    return false
  } catch {
    return 'this user cannot mount a file system'
  }
}
