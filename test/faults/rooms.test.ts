import t, { type Test } from 'tap'
import { createTimings } from '../../clients/typescript/src/retry.js'
import { Room } from '../../clients/typescript/src/room/index.js'
import { quick } from '../client/serve.js'
import { needs } from '../helpers/needs.js'
import { freePort, RedisServer } from '../helpers/redis-server.js'
import { ServerProcess, temporaryDirectory } from '../helpers/server-process.js'
import { until } from '../helpers/until.js'

const MEMBERS = 4
const KILLS = 2
/** Messages of each member between two kills, at least. */
const LOAD = 5

/** Members write and read all the time, while something is killed and comes back. None may miss a message, or get one twice. */
async function survives (t: Test, url: string, kill: () => Promise<void>): Promise<void> {
  const options = { secret: Room.createSecret(), name: 'faults', keep: 3600 }
  const timings = { ...quick, maxAttempts: 10_000, flushTimeout: 60_000 }
  const load = { on: true }
  const members = await Promise.all(Array.from({ length: MEMBERS }, async (_, member) => {
    const room = await Room.joinWith(createTimings, timings, url, options)
    const [sent, got]: [string[], string[]] = [[], []]
    const read = async (): Promise<void> => { for await (const { seq, data } of room.messages()) got.push(`${seq} ${data}`) }
    const write = async (): Promise<void> => {
      while (load.on) {
        const { seq } = await room.send(`${member}.${sent.length}`)
        sent.push(`${seq} ${member}.${sent.length}`)
      }
    }
    return { room, sent, got, reading: read(), writing: write() }
  }))
  for (let kills = 1; kills <= KILLS; kills++) {
    await until(() => members.every(({ sent }) => sent.length >= kills * LOAD))
    await kill()
  }
  const before = members.map(({ sent }) => sent.length)
  await until(() => members.every(({ sent }, n) => sent.length >= before[n]! + LOAD))
  load.on = false
  await Promise.all(members.map(({ writing }) => writing))
  const all = members.flatMap(({ sent }) => sent).sort((a, b) => Number.parseInt(a) - Number.parseInt(b))
  await until(() => members.every(({ got }) => got.includes(all.at(-1)!)))
  for (const [n, { room, got, reading }] of members.entries()) {
    t.same(got, all, `member ${n} got all ${all.length} messages in order, and each once`)
    await room.leave()
    await reading
  }
}

const flags = ['--host=127.0.0.1', '--rate-limit=off', '--max-messages=1000000', `--max-box-bytes=${1 << 30}`]

t.test(`a room on LMDB through ${KILLS} SIGKILLs`, async t => {
  const all = [...flags, `--port=${await freePort()}`, `--store=lmdb:${await temporaryDirectory(t)}`]
  let server = await ServerProcess.start(t, all)
  await survives(t, server.url, async () => {
    await server.kill('SIGKILL')
    server = await ServerProcess.start(t, all)
  })
})

t.test(`a room on Redis, which is killed ${KILLS} times`, { skip: needs('redis-server') }, async t => {
  const redis = await RedisServer.start(t, ['--appendonly', 'yes', '--appendfsync', 'always'])
  const servers = [await ServerProcess.start(t, [...flags, `--store=${redis.url}`])]
  await survives(t, servers[0]!.url, async () => {
    await redis.kill()
    await redis.run()
  })
})
