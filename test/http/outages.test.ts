import type { FastifyServerOptions } from 'fastify'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { BusyError, NotFoundError, StoreError, StoreFullError } from '../../src/errors.js'
import { logOutages } from '../../src/http/outages.js'
import { memoryStore } from '../../src/store/memory.js'
import { buildServer } from '../../src/server/app.js'
import { readConfig, type Config } from '../../src/server/config.js'
import { peersAt } from '../compat/peerjs/peers.js'
import { build, json } from '../helpers/build.js'
import { openStream } from '../helpers/stream-reader.js'
import { until } from '../helpers/until.js'

interface Line {
  level: number
  msg: string
  err?: unknown
}

function logger () {
  const lines: Line[] = []
  return { lines, stream: { write: (line: string) => { lines.push(JSON.parse(line)) } } }
}

const drop = 'drop_outage'
const limits = { maxMessages: 10, maxBoxBytes: 100 }

/** A watched memory store whose appends fail while `error` is set, and the clock of its log. */
async function watched () {
  const { lines, stream } = logger()
  const store = memoryStore()
  const state: { error: Error | undefined, now: number } = { error: undefined, now: 0 }
  const append = store.append.bind(store)
  store.append = async (...args) => {
    if (state.error !== undefined) throw state.error
    return await append(...args)
  }
  const seen = logOutages(store, Fastify({ logger: { stream } }).log, () => state.now)
  await seen.create(drop, 1_000, 0, limits)
  const put = () => seen.append(drop, { text: '1', bytes: 1 }, 0, limits).catch((error: Error) => error)
  return { lines, state, seen, put }
}

t.test('a store outage is logged once when it begins and once when it ends, with the count', async t => {
  const { lines, state, put } = await watched()
  state.error = new StoreError()
  for (let i = 0; i < 100; i++) {
    t.equal(await put(), state.error)
    state.now += 100
  }
  state.now += 5_000
  state.error = new NotFoundError()
  await put()
  state.error = undefined
  await put()
  t.match(lines, [
    { level: 50, msg: 'The store is not responding', err: { code: 'BOX_ERR_STORE' } },
    { level: 30, msg: 'The store is responding again, after 100 failures in 10 s' }
  ])
  t.equal(lines.length, 2)
})

t.test('an overload is logged on its own, and does not end an outage', async t => {
  const { lines, state, put } = await watched()
  state.error = new StoreError()
  await put()
  state.now += 6_000
  state.error = new BusyError()
  await put()
  t.match(lines, [{ msg: 'The store is not responding' }, { level: 40, msg: 'The store has too much to do' }])
  state.now += 6_000
  state.error = undefined
  await put()
  t.match(lines.slice(2), [{ msg: 'The store is responding again, after 1 failure in 0 s' }, { level: 30, msg: 'The store is keeping up again, after 1 failure in 0 s' }])
})

t.test('a full store counts as full until something is stored again, whatever is read', async t => {
  const { lines, state, seen, put } = await watched()
  state.error = new StoreFullError()
  for (let i = 0; i < 3; i++) await put()
  state.now += 5_000
  await seen.read(drop, 0, 1, 0)
  t.match(lines, [{ level: 50, msg: 'The store is full' }])
  state.error = undefined
  await put()
  t.match(lines.slice(1), [{ msg: 'The store has space again, after 3 failures in 0 s' }])
})

/** Logs of the requests' own completion, which the server writes, are no errors. */
const warnings = (lines: Line[]) => lines.filter(({ level }) => level >= 40)

async function refuses (t: Test, error: Error, status: number, msg: string, level = 50): Promise<void> {
  const store = memoryStore()
  store.create = async () => { throw error }
  const inHost = logger()
  const server: FastifyServerOptions = { logger: { stream: inHost.stream } }
  const { app } = await build(t, { store, server })
  for (let i = 0; i < 20; i++) t.equal((await app.inject({ method: 'POST', url: '/boxes', ...json({}) })).statusCode, status)
  t.match(warnings(inHost.lines), [{ level, msg }])
  t.equal(warnings(inHost.lines).length, 1, 'in the host\'s log')

  const alone = logger()
  const standalone = await buildServer(readConfig(['--store', 'memory:'], {}) as Config, { store, log: alone.stream })
  t.teardown(() => standalone.app.close())
  for (let i = 0; i < 20; i++) t.equal((await standalone.app.inject({ method: 'POST', url: '/boxes', ...json({}) })).statusCode, status)
  t.match(warnings(alone.lines), [{ level, msg }])
  t.equal(warnings(alone.lines).length, 1, 'in the server\'s log')
}

t.test('refused requests do not flood the log while the store does not respond', async t => { await refuses(t, new StoreError(), 503, 'The store is not responding') })
t.test('nor while the store has too much to do', async t => { await refuses(t, new BusyError(), 503, 'The store has too much to do', 40) })
t.test('nor while the store is full', async t => { await refuses(t, new StoreFullError(), 507, 'The store is full') })

t.test('a full store is logged without a stack, and with what the disk said', async t => {
  for (const [error, expected] of [[new StoreFullError(), undefined], [new StoreFullError({ cause: new Error('ENOSPC') }), { message: 'ENOSPC' }]] as const) {
    const { lines, stream } = logger()
    const store = memoryStore()
    store.create = async () => { throw error }
    const { app } = await build(t, { store, server: { logger: { stream } } })
    t.equal((await app.inject({ method: 'POST', url: '/boxes' })).statusCode, 507)
    const [line] = lines.filter(({ msg }) => msg === 'The store is full')
    t.match(line, { level: 50 })
    t.match(line!.err, expected!)
    t.equal(line!.err === undefined, expected === undefined)
  }
})

t.test('nor do open streams', async t => {
  const { lines, stream } = logger()
  const store = memoryStore()
  const { app, createBox } = await build(t, { store, server: { logger: { stream } } })
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const box = await createBox()
  const readers = await Promise.all([1, 2, 3, 4, 5].map(() => openStream(t, origin + box.messages)))
  const read = store.read.bind(store)
  let failures = 0
  store.read = async () => {
    failures++
    throw new StoreError()
  }
  await box.store('a')
  await until(() => failures === 2 * readers.length)
  t.match(warnings(lines), [{ level: 50, msg: 'The store is not responding' }])
  t.equal(warnings(lines).length, 1)
  store.read = read
  await Promise.all(readers.map(reader => reader.until(({ events }) => events.length === 1)))
})

t.test('endpoints with the same store share the log of its outages, and the sweep', async t => {
  const store = memoryStore()
  const { lines, stream } = logger()
  const flags = ['--store=memory:', '--peerjs=/p', '--host=127.0.0.1', '--port=0']
  const { app, listen } = await buildServer(readConfig(flags, {}) as Config, { store, log: stream })
  t.teardown(() => app.close())
  let sweeps = 0
  let end = () => {}
  store.sweep = async () => {
    sweeps++
    await new Promise<void>(resolve => { end = resolve })
    return 0
  }
  store.append = async () => { throw new StoreError() }
  const port = await listen()
  await until(() => sweeps > 0)
  // A second sweep would begin in the same turn.
  await new Promise(resolve => { setImmediate(resolve) })
  t.equal(sweeps, 1)

  const { drop } = (await app.inject({ method: 'POST', url: '/boxes' })).json()
  t.equal((await app.inject({ ...json(1), method: 'POST', url: `/boxes/${drop}/messages` })).statusCode, 503)
  const peer = peersAt(t, `http://127.0.0.1:${port}/p`).connect('anna')
  await peer.closed()
  t.match(warnings(lines), [{ level: 50, msg: 'The store is not responding' }])
  t.equal(warnings(lines).length, 1)
  end()
})
