import t from 'tap'
import { keepScreenOn } from '../../../src/web/ui/wake-lock.js'

const page = Object.assign(new EventTarget(), { visibilityState: 'visible' })
const locks: Array<EventTarget & { released: boolean }> = []

Object.assign(globalThis, { document: page })
Object.defineProperty(globalThis, 'navigator', {
  value: {
    wakeLock: {
      async request () {
        if (page.visibilityState !== 'visible') throw new DOMException('The page is hidden.', 'NotAllowedError')
        const lock = Object.assign(new EventTarget(), {
          released: false,
          async release () {
            lock.released = true
            lock.dispatchEvent(new Event('release'))
          }
        })
        locks.push(lock)
        return lock
      }
    }
  }
})

const held = () => locks.filter(({ released }) => !released).length
const settled = () => new Promise(resolve => { setImmediate(resolve) })

async function turn (visibilityState: string): Promise<void> {
  page.visibilityState = visibilityState
  // As browsers do.
  if (visibilityState === 'hidden') for (const lock of locks) await (lock as unknown as WakeLockSentinel).release()
  page.dispatchEvent(new Event('visibilitychange'))
  await settled()
}

t.test('the screen stays on during a call, and does so again whenever the page comes back into view', async t => {
  keepScreenOn(true)
  await settled()
  t.equal(held(), 1)
  await turn('hidden')
  t.equal(held(), 0)
  await turn('visible')
  t.equal(held(), 1)
  keepScreenOn(true)
  await settled()
  t.equal(held(), 1, 'one lock is enough')
  keepScreenOn(false)
  await settled()
  t.equal(held(), 0)
  await turn('hidden')
  await turn('visible')
  t.equal(held(), 0, 'after the call, the screen may turn off')
})

t.test('a call that begins in a hidden page keeps the screen on once it is seen', async t => {
  await turn('hidden')
  keepScreenOn(true)
  await settled()
  t.equal(held(), 0)
  await turn('visible')
  t.equal(held(), 1)
  keepScreenOn(false)
  await settled()
  t.equal(held(), 0)
})
