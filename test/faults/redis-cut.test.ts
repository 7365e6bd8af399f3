import t, { type Test } from 'tap'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { Redis } from 'ioredis'
import type { RedisStoreOptions } from '../../src/store/redis/options.js'
import { redisStore } from '../../src/store/redis/redis-store.js'
import { needs } from '../helpers/needs.js'
import { dropAddress, limits, message, RedisServer, sendsOnce, until } from '../helpers/redis-server.js'

const skip = needs('redis-server')

t.test('a reply cut off after the script ran is a refusal, and a retry with the same key stores nothing twice', { skip }, async t => {
  await storesNothingTwice(t, url => ({ url }))
})

t.test('the same holds for a given client', { skip }, async t => {
  await storesNothingTwice(t, url => {
    const client = new Redis(url, sendsOnce)
    client.on('error', () => {})
    t.teardown(() => { client.disconnect() })
    return { client }
  })
})

async function storesNothingTwice (t: Test, reach: (url: string) => RedisStoreOptions): Promise<void> {
  const server = await RedisServer.start(t)
  const proxy = await AnswerCutter.start(t, server.port)
  const store = await redisStore({ ...reach(`redis://127.0.0.1:${proxy.port}`), deadline: 2_000 })
  t.teardown(() => store.close())
  const direct = await redisStore({ url: server.url })
  t.teardown(() => direct.close())
  const drop = dropAddress('cut')
  await store.create(drop, 600_000, Date.now(), limits)
  await store.append(drop, message('1', 'first'), Date.now(), limits)

  for (let seq = 2; seq < 7; seq++) {
    const next = message(String(seq), `key-${seq}`)
    proxy.cutNext()
    await t.rejects(store.append(drop, next, Date.now(), limits), { code: 'BOX_ERR_STORE' })
    t.equal((await direct.read(drop, 0, 100, Date.now())).next, seq, 'the script had run')
    await until(async () => { await store.check(); return true })
    t.same(await store.append(drop, next, Date.now(), limits), { seq, count: seq })
  }
  const texts = ['1', '2', '3', '4', '5', '6']
  t.same((await store.read(drop, 0, 100, Date.now())).texts, texts)

  proxy.cutNext()
  await t.rejects(store.append(drop, message('7'), Date.now(), limits), { code: 'BOX_ERR_STORE' })
  await until(async () => { await store.check(); return true })
  t.same((await store.read(drop, 0, 100, Date.now())).texts, [...texts, '7'], 'without a key, too, the client sends it once')

  proxy.cutNext()
  await t.rejects(store.acknowledge(drop, 3, Date.now()), { code: 'BOX_ERR_STORE' })
  await until(async () => { await store.check(); return true })
  t.equal(await store.acknowledge(drop, 3, Date.now()), 4, 'an acknowledgment is safe to repeat')
  t.equal(proxy.cuts, 7)
}

/** Passes everything on, until it is told to swallow the next answer to a script and to cut that connection. */
class AnswerCutter {
  cuts = 0
  port = 0
  #armed = false

  static async start (t: { teardown: (fn: () => void) => void }, target: number): Promise<AnswerCutter> {
    const cutter = new AnswerCutter()
    const sockets = new Set<Socket>()
    const server = createServer(client => {
      const upstream = connect(target, '127.0.0.1')
      for (const socket of [client, upstream]) {
        sockets.add(socket)
        socket.on('error', () => {})
        socket.on('close', () => { client.destroy(); upstream.destroy(); sockets.delete(socket) })
      }
      let swallow = false
      client.on('data', data => {
        if (cutter.#armed && data.includes('evalsha')) {
          cutter.#armed = false
          swallow = true
        }
        upstream.write(data)
      })
      upstream.on('data', data => {
        if (!swallow) client.write(data)
        else {
          cutter.cuts++
          client.destroy()
        }
      })
    }).listen(0, '127.0.0.1')
    t.teardown(() => {
      server.close()
      for (const socket of sockets) socket.destroy()
    })
    await once(server, 'listening')
    cutter.port = (server.address() as AddressInfo).port
    return cutter
  }

  cutNext (): void {
    this.#armed = true
  }
}
