import { fork } from 'node:child_process'
import crypto from 'node:crypto'
import { once } from 'node:events'
import { syncBuiltinESMExports } from 'node:module'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import t from 'tap'
import boxPluginDefault, * as face from '../src/index.js'
import { memoryCosts } from '../src/store/cost.js'
import { build, json } from './helpers/build.js'

t.test('the package exports the plugin, as default and by name, and the stores', async t => {
  t.equal(boxPluginDefault, face.boxPlugin)
  t.type(face.memoryStore, 'function')
  const store = face.memoryStore()
  t.equal(store.name, 'memory')
  await store.close()
})

t.test('a program that only calls ready and inject ends on its own', async t => {
  const child = fork(fileURLToPath(new URL('helpers/ready-only.ts', import.meta.url)))
  t.teardown(() => { child.kill('SIGKILL') })
  const exited = once(child, 'exit')
  const [status] = await once(child, 'message')
  t.equal(status, 201)
  child.disconnect()
  t.same(await exited, [0, null])
})

t.test('the hot path computes one hash', async t => {
  let hashes = 0
  for (const name of ['hash', 'createHash', 'createHmac', 'hkdfSync'] as const) {
    const operation = crypto[name] as (...args: unknown[]) => unknown
    Object.assign(crypto, {
      [name]: (...args: unknown[]) => {
        hashes++
        return operation(...args)
      }
    })
    t.teardown(() => {
      Object.assign(crypto, { [name]: operation })
      syncBuiltinESMExports()
    })
  }
  // Named imports of the modules under test are live bindings, which this brings up to date.
  syncBuiltinESMExports()
  const { app } = await build(t, { rateLimit: true })
  const cost = async (request: object) => {
    hashes = 0
    const answer = await app.inject(request)
    t.ok(answer.statusCode < 300, String(answer.statusCode))
    return hashes
  }
  const created = (await app.inject({ method: 'POST', url: '/boxes' })).json()
  const messages = `/boxes/${created.data}/messages`
  t.equal(await cost({ method: 'POST', url: '/boxes' }), 2, 'create: the address it counts against too')
  t.equal(await cost({ method: 'POST', url: messages, ...json(1) }), 1, 'store by box id')
  t.equal(await cost({ method: 'POST', url: `/boxes/${created.drop}/messages`, ...json(1) }), 0, 'store by drop address')
  t.equal(await cost({ method: 'POST', url: messages, headers: { 'content-type': 'text/plain', 'idempotency-key': 'k' }, payload: 'x' }), 2, 'store with a key: its body too')
  t.equal(await cost({ url: messages }), 1, 'read')
  t.equal(await cost({ method: 'PUT', url: `/boxes/${created.data}/cursor`, ...json({ after: 1 }) }), 1, 'acknowledge')
  t.equal(await cost({ url: `/box.php?box=${created.data}&msg=x` }), 1, 'classic store')
  t.equal(await cost({ url: `/box.php?box=${created.data}` }), 1, 'classic drain')
})

t.test('the store receives its limits and no other options', async t => {
  const received: unknown[] = []
  const store = face.memoryStore()
  const { create, append } = store
  store.create = (...args) => {
    received.push(args[3])
    return create.apply(store, args)
  }
  store.append = (...args) => {
    received.push(args[3])
    return append.apply(store, args)
  }
  const limits = { maxMessages: 3, maxBoxBytes: 4, maxStoreBytes: 5_000 }
  const { createBox } = await build(t, {
    ...limits, store, guard: () => {}, rateLimit: { boxes: 6, bytes: 7_000 }, ice: { turnUrls: ['turn:turn.example'], turnSecret: 'secret' }
  })
  await (await createBox()).store(1)
  t.strictSame(received, Array(2).fill({ ...limits, held: { boxes: 6, bytes: 7_000 } }))
})

t.test('it closes its store with the app even if an option is refused', async t => {
  const store = face.memoryStore()
  const app = Fastify()
  await t.rejects(async () => { await app.register(face.boxPlugin, { store, ttl: -1 }) }, { message: /option 'ttl'/ })
  await app.close()
  await t.rejects(store.check(), { code: 'BOX_ERR_STORE' })
})

t.test('it closes its store with the app, and leaves no timer', async t => {
  const store = face.memoryStore()
  let closed = 0
  const { close } = store
  store.close = async () => {
    closed++
    await close.call(store)
  }
  const { app } = await build(t, { store })
  t.equal(closed, 0)
  await app.close()
  t.ok(closed >= 1)
  t.notOk(process.getActiveResourcesInfo().includes('Timeout'))
})

t.test('an app closed before it is ready closes its store too', async t => {
  const store = face.memoryStore()
  let closed = false
  store.close = async () => { closed = true }
  const app = Fastify()
  app.register(face.boxPlugin, { store })
  await app.close()
  t.equal(closed, true)
})

t.test('expired boxes free their space', async t => {
  const { app, clock, createBox } = await build(t, { maxStoreBytes: 2 * memoryCosts.box })
  await createBox({ ttl: 1 })
  await createBox({ ttl: 1 })
  t.equal((await app.inject({ method: 'POST', url: '/boxes' })).statusCode, 507)
  clock.turn(1)
  t.equal((await app.inject({ method: 'POST', url: '/boxes' })).statusCode, 201)
})
