import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { Room } from '../../clients/typescript/src/room/index.js'
import { createTimings } from '../../clients/typescript/src/retry.js'
import { lmdbStore, memoryStore, redisStore, type Store } from '../../src/index.js'
import { createBoxPlugin } from '../../src/plugin.js'
import { TestClock } from '../helpers/build.js'
import { needs } from '../helpers/needs.js'
import { RedisServer } from '../helpers/redis-server.js'
import { until } from '../helpers/until.js'
import { freshDirectory } from '../store/directory.js'
import { network } from './network.js'
import { quick } from './serve.js'

const MEMBERS = 50
const ROUNDS = 7
/** Between two rounds, in seconds. */
const STEP = 10
/** So a room holds the messages of this round and the three before. */
const KEEP = 35
const ROUNDS_KEPT = 4

/** A server that can be restarted at its address. */
async function restartable (t: Test, open: () => Promise<Store>) {
  const clock = new TestClock()
  let port = 0
  const start = async () => {
    const app = Fastify({ forceCloseConnections: true })
    await app.register(createBoxPlugin({ clock }), { store: await open(), rateLimit: false, docs: false })
    await app.listen({ host: '127.0.0.1', port })
    port = (app.server.address() as { port: number }).port
    return app
  }
  let app = await start()
  t.teardown(() => app.close())
  return {
    clock,
    url: `http://127.0.0.1:${port}`,
    async restart () {
      await app.close()
      app = await start()
    }
  }
}

interface Got {
  seq: number
  round: number
}

/** One stay in the room, with a network of its own, and all that it has received. */
class Stay {
  readonly got: Got[] = []
  /** The last message of the last round that it saw to the end; 0 if it left in its first. */
  last = 0
  readonly #net: ReturnType<typeof network>
  readonly #room: Room
  readonly #loop: Promise<void>

  private constructor (readonly joined: number, net: ReturnType<typeof network>, room: Room) {
    this.#net = net
    this.#room = room
    this.#loop = this.#read()
  }

  static async begin (url: string, secret: string, round: number): Promise<Stay> {
    const net = network()
    const options = { secret, name: 'members', keep: KEEP, ttl: 3600, fetch: net.fetch }
    return new Stay(round, net, await Room.joinWith(createTimings, { ...quick, maxAttempts: 1000, flushTimeout: 60_000 }, url, options))
  }

  async #read (): Promise<void> {
    for await (const { seq, data } of this.#room.messages()) this.got.push({ seq, ...data as { round: number } })
  }

  async send (round: number): Promise<Got> {
    return { seq: (await this.#room.send({ round })).seq, round }
  }

  disconnect () { this.#net.disconnect() }
  reconnect () { this.#net.reconnect() }

  async end (): Promise<void> {
    await this.#room.leave()
    await this.#loop
  }
}

/** In each round some leave, to join again in the next, some start anew, and some lose their network. */
function planOf (member: number, round: number): 'stay' | 'leave' | 'start anew' | 'offline' {
  const n = (member * 7 + round * 3) % 10
  return n === 0 ? 'leave' : n === 1 ? 'start anew' : n === 2 ? 'offline' : 'stay'
}

async function manyMembers (t: Test, open: () => Promise<Store>, restarts: number[]): Promise<void> {
  const { clock, url, restart } = await restartable(t, open)
  const secret = Room.createSecret()
  const members: (Stay | undefined)[] = []
  const sent: Got[] = []
  const stays: Stay[] = []
  const join = async (member: number, round: number): Promise<void> => { stays.push(members[member] = await Stay.begin(url, secret, round)) }
  t.teardown(async () => { await Promise.all(members.map(stay => stay?.end())) })

  await Promise.all(Array.from({ length: MEMBERS }, async (_, member) => { await join(member, 0) }))
  for (let round = 0; round < ROUNDS; round++) {
    const offline: Stay[] = []
    const sending: Promise<Got>[] = []
    const changes = Array.from({ length: MEMBERS }, async (_, member) => {
      const plan = planOf(member, round)
      const stay = members[member]
      if (stay !== undefined && plan === 'offline') {
        stay.disconnect()
        offline.push(stay)
      }
      // What is sent while a member leaves or has no network counts as well.
      if (stay !== undefined) sending.push(stay.send(round))
      if (plan === 'leave' || plan === 'start anew') {
        await stay?.end()
        members[member] = undefined
      }
      if (stay === undefined || plan === 'start anew') await join(member, round)
    })
    if (restarts.includes(round)) await restart()
    await Promise.all(changes)
    for (const stay of offline) stay.reconnect()
    sent.push(...await Promise.all(sending))
    const last = sent.length
    await until(() => members.every(stay => stay === undefined || stay.got.at(-1)?.seq === last))
    for (const stay of members) if (stay !== undefined) stay.last = last
    clock.turn(STEP)
  }

  sent.sort((one, other) => one.seq - other.seq)
  t.same(sent.map(({ seq }) => seq), sent.map((_, index) => index + 1), 'each message was stored once')
  let received = 0
  for (const { got, joined, last } of stays) {
    received += got.length
    const oldest = sent.findIndex(({ round }) => round > joined - ROUNDS_KEPT)
    t.same(got, sent.slice(oldest, oldest + got.length), 'received once each, in order, without a gap, from the oldest that was kept')
    t.ok((got.at(-1)?.seq ?? 0) >= last, 'and at least to the end of the last round that it saw to the end')
  }
  t.comment(`${stays.length} stays, ${sent.length} messages sent, ${received} received`)
}

t.test(`${MEMBERS} members come, go and restart, and none misses a message or gets one twice`, async t => {
  t.test('memory', async t => {
    await manyMembers(t, async () => memoryStore(), [])
  })

  t.test('LMDB, through three restarts of the server', async t => {
    const path = freshDirectory(t)
    await manyMembers(t, async () => await lmdbStore({ path }), [1, 3, 5])
  })

  t.test('Redis, through three restarts of the server', { skip: needs('redis-server') }, async t => {
    const { url } = await RedisServer.start(t)
    await manyMembers(t, async () => await redisStore({ url }), [1, 3, 5])
  })
})
