import type { Test } from 'tap'
import { lmdbStore } from '../../src/store/lmdb/lmdb-store.js'
import { memoryStore } from '../../src/store/memory.js'
import { redisStore } from '../../src/store/redis/redis-store.js'
import type { Store } from '../../src/store/store.js'
import { RedisServer, startCluster } from '../helpers/redis-server.js'
import { temporaryDirectory } from '../helpers/server-process.js'
import { Failovers } from './failovers.js'
import { randomOf, type EventLine, type History } from './history.js'
import { serve, TurnedClock } from './in-process.js'
import { checkRun, newSeed, pause, type Report } from './run.js'
import { Restarting } from './servers.js'

/* A run for each store, with what can happen to it. */

type StoreRun = (t: Test, tools: string, seconds: number) => Promise<Report>

/** How long a server is stopped, in ms; shorter than clients wait. */
const STOPPED = 600

type Trouble = (history: History, over: AbortSignal) => Promise<void>

/** One trouble after the other, again and again, with some peace between them. */
function inTurn (troubles: Trouble[], peace = 1_200): Trouble {
  return async (history, over) => {
    for (let n = 0; !over.aborted; n++) {
      await pause(peace, over)
      if (!over.aborted) await troubles[n % troubles.length]?.(history, over)
    }
  }
}

function killed (server: Restarting): Trouble {
  return async history => { await server.restart(history, 'SIGKILL') }
}

function restarted (server: Restarting): Trouble {
  return async history => { await server.restart(history, 'SIGTERM') }
}

function stopped (server: Restarting): Trouble {
  return async (_history, over) => {
    server.signal('SIGSTOP')
    await pause(STOPPED, over)
    server.signal('SIGCONT')
  }
}

/** Whatever ends a server, its boxes are lost with it. */
const memoryRun: StoreRun = async (t, tools, seconds) => {
  const server = await Restarting.start(t, 'a', ['--store=memory:'])
  const loses = (trouble: Trouble): Trouble => async (history, over) => {
    await history.happens<EventLine & { event: 'lost' }>({ event: 'lost' }, async () => { await trouble(history, over) })
  }
  return await checkRun(t, tools, {
    store: 'memory',
    servers: [server],
    seconds,
    nemesis: inTurn([stopped(server), loses(killed(server)), loses(restarted(server))])
  })
}

const lmdbRun: StoreRun = async (t, tools, seconds) => {
  const server = await Restarting.start(t, 'a', [`--store=lmdb:${await temporaryDirectory(t)}`])
  return await checkRun(t, tools, {
    store: 'lmdb',
    servers: [server],
    seconds,
    nemesis: inTurn([killed(server), stopped(server), killed(server), restarted(server)])
  })
}

/** Two servers on one Redis, which loses nothing: it flushes before it answers. */
const redisRun: StoreRun = async (t, tools, seconds) => {
  const redis = await RedisServer.start(t, ['--appendonly', 'yes', '--appendfsync', 'always'])
  const one = await Restarting.start(t, 'a', [`--store=${redis.url}`])
  const two = await Restarting.start(t, 'b', [`--store=${redis.url}`])
  return await checkRun(t, tools, {
    store: 'redis',
    servers: [one, two],
    seconds,
    // What a server has sent, Redis does even if the server is dead.
    endsWithServer: false,
    nemesis: inTurn([
      killed(one),
      stopped(two),
      async () => {
        await redis.kill()
        await redis.run()
      },
      restarted(two),
      async (_history, over) => {
        redis.pause()
        await pause(STOPPED, over)
        redis.resume()
      }
    ], 800)
  })
}

/** Two servers on a Cluster, where a failover may lose what was not yet replicated. */
const clusterRun: StoreRun = async (t, tools, seconds) => {
  const nodes = await startCluster(t)
  const failovers = new Failovers(nodes)
  const urls = nodes.map(({ url }) => url).join()
  const one = await Restarting.start(t, 'a', [`--store=${urls}`])
  const two = await Restarting.start(t, 'b', [`--store=${urls}`])
  return await checkRun(t, tools, {
    store: 'cluster',
    servers: [one, two],
    seconds,
    endsWithServer: false,
    nemesis: inTurn([async history => { await failovers.failOver(history) }, killed(two), stopped(one)]),
    afterwards: async (history, boxes) => { failovers.note(history, boxes) }
  })
}

/** Lifetimes in seconds, and how far clocks are turned: over some of them, and back. */
const SHORT = { ttl: 40, keep: 10 }
const TURNS = [1, 4, 6, 11, 3, -5, 9, 2, 38, -2, 5, 16]

/** Servers with clocks that are turned: boxes and messages expire. */
async function clockRun (t: Test, tools: string, seconds: number, name: string, stores: Store[], start: number): Promise<Report> {
  const clocks = stores.map((_, i) => new TurnedClock(`clock-${i}`, start))
  const servers = await Promise.all(stores.map(async (store, i) => await serve(t, `clock-${i}`, store, clocks[i])))
  const seed = newSeed()
  const random = randomOf(`${seed}/clocks`)
  return await checkRun(t, tools, {
    store: name,
    servers,
    seconds,
    seed,
    ...SHORT,
    nemesis: async (history, over) => {
      for (const clock of clocks) clock.begin(history)
      while (!over.aborted) {
        await pause(20 + random() * 150, over)
        await clocks[Math.floor(random() * clocks.length)]?.turn(history, TURNS[Math.floor(random() * TURNS.length)] ?? 1)
      }
    }
  })
}

const memoryClockRun: StoreRun = async (t, tools, seconds) =>
  await clockRun(t, tools, seconds, 'memory-clock', [memoryStore()], Date.UTC(2026, 10, 22))

const lmdbClockRun: StoreRun = async (t, tools, seconds) =>
  await clockRun(t, tools, seconds, 'lmdb-clock', [await lmdbStore({ path: await temporaryDirectory(t) })], Date.UTC(2026, 10, 22))

/** Redis frees boxes by its own clock, a minute late, so those of the servers start there. */
const redisClockRun: StoreRun = async (t, tools, seconds) => {
  const { url } = await RedisServer.start(t)
  return await clockRun(t, tools, seconds, 'redis-clocks', [await redisStore({ url }), await redisStore({ url })], Date.now() + 60_000)
}

/** Each run, and the program that it needs besides Go. */
export const storeRuns: { name: string, run: StoreRun, program: string }[] = [
  { name: 'memory: pauses and restarts, each of which loses everything', run: memoryRun, program: 'go' },
  { name: 'LMDB: kills, pauses and restarts', run: lmdbRun, program: 'go' },
  { name: 'two servers on a Redis: kills, pauses and restarts of all three', run: redisRun, program: 'redis-server' },
  { name: 'two servers on a Cluster: failovers, kills and pauses', run: clusterRun, program: 'redis-server' },
  { name: 'memory: a clock that is turned', run: memoryClockRun, program: 'go' },
  { name: 'LMDB: a clock that is turned', run: lmdbClockRun, program: 'go' },
  { name: 'two servers on a Redis: clocks that are turned', run: redisClockRun, program: 'redis-server' }
]
