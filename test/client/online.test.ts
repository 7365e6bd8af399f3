import t from 'tap'

// The module listens for the browser's event from its first line on.
const browser = new EventTarget()
Object.assign(globalThis, { addEventListener: browser.addEventListener.bind(browser), removeEventListener: browser.removeEventListener.bind(browser) })
const { defaultTimings, retry } = await import('../../clients/typescript/src/retry.js')
const { BoxError } = await import('../../clients/typescript/src/http.js')

const comeOnline = () => { browser.dispatchEvent(new Event('online')) }
const timings = { ...defaultTimings, minDelay: 2 ** 30, maxDelay: 2 ** 30 }

/** Fails once as `fail` says, then succeeds. @returns how often it was called until a moment has passed */
async function attempts (fail: () => unknown, after: () => void = () => {}): Promise<number> {
  let attempts = 0
  const given = new AbortController()
  const done = retry(timings, async () => {
    if (++attempts > 1) return
    setImmediate(() => { setImmediate(after) })
    throw fail()
  }, undefined, given.signal)
  setTimeout(() => { given.abort() }, 100)
  await done.catch(() => {})
  return attempts
}

const unreachable = () => new TypeError('fetch failed')

t.test('an attempt without a response is repeated at once', async t => {
  t.equal(await attempts(unreachable, comeOnline), 2, 'when the browser comes back online while waiting')
  t.equal(await attempts(() => {
    comeOnline()
    return unreachable()
  }), 2, 'when it came back online during the attempt')
  comeOnline()
  t.equal(await attempts(unreachable), 1, 'but not because it came back before')
})

t.test('a server that has responded is given its time', async t => {
  t.equal(await attempts(() => {
    comeOnline()
    return new BoxError(503, {})
  }, comeOnline), 1)
})
