import t from 'tap'
import { FullError, StoreError, StoreFullError } from '../../src/errors.js'
import { memoryStore } from '../../src/store/memory.js'
import type { Store } from '../../src/store/store.js'
import { build, isProblem, json } from '../helpers/build.js'

/** A memory store whose operations fail while `error` is set. */
function failingStore () {
  const store = memoryStore()
  const state: { error: Error | undefined } = { error: undefined }
  for (const name of ['create', 'open', 'append', 'read', 'acknowledge', 'drain', 'delete', 'subscribe'] as const) {
    const operation = store[name].bind(store) as (...args: unknown[]) => Promise<unknown>
    Object.assign(store, {
      [name]: async (...args: unknown[]) => {
        if (state.error !== undefined) throw state.error
        return operation(...args)
      }
    })
  }
  return { store: store as Store, state }
}

const requests = (id: string) => [
  { method: 'POST' as const, url: '/boxes' },
  { method: 'PUT' as const, url: `/boxes/${id}` },
  { method: 'POST' as const, url: `/boxes/${id}/messages`, ...json(1) },
  { url: `/boxes/${id}/messages` },
  { url: `/boxes/${id}/messages?wait=1` },
  { url: `/boxes/${id}/messages`, headers: { accept: 'text/event-stream' } },
  { method: 'PUT' as const, url: `/boxes/${id}/cursor`, ...json({ after: 0 }) },
  { method: 'DELETE' as const, url: `/boxes/${id}/messages` },
  { method: 'DELETE' as const, url: `/boxes/${id}` },
  { url: '/box.php' },
  { url: `/box.php?box=${id}&msg=x` },
  { url: `/box.php?box=${id}` }
]

t.test('a store that does not respond is 503 with Retry-After, until it responds again', async t => {
  const { store, state } = failingStore()
  const { app, createBox } = await build(t, { store, maxWait: 0 })
  const box = await createBox()
  state.error = new StoreError()
  for (const request of requests(box.id)) {
    const answer = await app.inject(request)
    isProblem(t, answer, 503, 'BOX_ERR_STORE')
    t.match(answer.headers['retry-after'], /^[1-9][0-9]*$/)
    t.equal(answer.headers['cache-control'], 'no-store')
  }
  state.error = undefined
  t.equal((await box.store(1)).statusCode, 200)
})

t.test('a full store is 507, a full box 409', async t => {
  const { store, state } = failingStore()
  const { app, createBox } = await build(t, { store })
  const box = await createBox()
  state.error = new StoreFullError()
  for (const request of requests(box.id).slice(0, 3)) isProblem(t, await app.inject(request), 507, 'BOX_ERR_STORE_FULL')
  state.error = new FullError()
  isProblem(t, await box.store(1), 409, 'BOX_ERR_FULL')
})

t.test('what a store of a third party says of an outage is not for the caller', async t => {
  const { store, state } = failingStore()
  const { app, createBox } = await build(t, { store, maxWait: 0 })
  const box = await createBox()
  for (const statusCode of [undefined, 503, 200]) {
    state.error = Object.assign(new Error('canary'), { code: 'BOX_ERR_STORE', statusCode })
    for (const request of requests(box.id)) {
      const answer = await app.inject(request)
      isProblem(t, answer, 503, 'BOX_ERR_STORE')
      t.notMatch(answer.body, 'canary')
    }
  }
})

t.test('any other error of a store is a 500 that reveals nothing', async t => {
  const { store, state } = failingStore()
  const { app, createBox } = await build(t, { store, maxWait: 0 })
  const box = await createBox()
  for (const error of [new Error('canary'), new TypeError('canary'), Object.assign(new Error('canary'), { code: 'ECONNREFUSED', syscall: 'connect' })]) {
    state.error = error
    for (const request of requests(box.id)) {
      const answer = await app.inject(request)
      isProblem(t, answer, 500, 'BOX_ERR_INTERNAL')
      t.notMatch(answer.body, 'canary')
    }
  }
})

t.test('a waiter that fails to subscribe frees its place', async t => {
  const { store } = failingStore()
  const { app, createBox } = await build(t, { store, maxWaiters: 1, rateLimit: { waiters: 1 }, maxWait: 1 })
  const box = await createBox()
  const subscribe = store.subscribe
  store.subscribe = async () => { throw new StoreError() }
  for (let i = 0; i < 3; i++) isProblem(t, await box.read('?wait=1'), 503, 'BOX_ERR_STORE')
  for (let i = 0; i < 3; i++) isProblem(t, await app.inject({ url: box.messages, headers: { accept: 'text/event-stream' } }), 503, 'BOX_ERR_STORE')
  store.subscribe = subscribe
  const held = box.read('?wait=1')
  await new Promise(resolve => setImmediate(resolve))
  await box.store('a')
  t.same((await held).json().data, ['a'])
})
