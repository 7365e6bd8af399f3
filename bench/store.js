// Messages stored per second over HTTP, side by side with a bare route that parses the same requests.
import { load } from './load.js'
import { createBoxes, median, report, startServer, withTempDir } from './lib.js'

const CONNECTIONS = 64
const BOXES = 400
const STARTS = 5
const ROUNDS = 3
const SECONDS = 1.5

/** Messages stored per second, by many connections over these boxes, and how busy that kept the load itself. */
export function storing (server, boxes) {
  return load(server.url, boxes, { connections: CONNECTIONS, seconds: SECONDS })
}

/** The boxes that a server is asked to store in. A bare route has none, and takes any of their length. */
function boxesOf (server) {
  if (server.kind !== 'bare') return createBoxes(server.url, BOXES)
  return Array.from({ length: BOXES }, (_, i) => String(i).padStart(43, 'A'))
}

/** What is measured of several servers, in turn, so that the machine's moods meet them alike. */
async function inTurn (servers) {
  const boxes = []
  for (const server of servers) boxes.push(await boxesOf(server))
  for (const [i, server] of servers.entries()) await storing(server, boxes[i])
  const measured = servers.map(() => [])
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, server] of servers.entries()) measured[i].push(await storing(server, boxes[i]))
  }
  return measured
}

/**
 * What is measured of servers of these kinds, started anew several times:
 * two processes of the same code differ by up to 15 % for as long as they live.
 */
export async function compare (kinds, { redis } = {}) {
  const all = kinds.map(() => [])
  for (let start = 0; start < STARTS; start++) {
    await withTempDir(async dir => {
      const where = { lmdb: dir, redis }
      const servers = []
      for (const kind of kinds) servers.push({ kind, ...await startServer(kind, where[kind]) })
      for (const [i, measured] of (await inTurn(servers)).entries()) all[i].push(...measured)
      for (const server of servers) await server.stop()
    })
  }
  return all
}

/** The median of what is stored per second, and of its ratio to a reference of the same rounds. */
export function against (reference, measured) {
  return {
    rate: Math.round(median(measured.map(({ rate }) => rate))),
    ratio: median(measured.map(({ rate }, i) => rate / reference[i].rate)).toFixed(2)
  }
}

export async function run () {
  const [bare, memory, lmdb] = await compare(['bare', 'memory', 'lmdb'])
  report(`bare route, ${CONNECTIONS} connections`, `${against(bare, bare).rate} /s`)
  for (const [kind, measured, target] of [['memory', memory, '>= 0.90'], ['lmdb', lmdb, '>= 0.60']]) {
    const { rate, ratio } = against(bare, measured)
    report(`store, ${kind}, over ${BOXES} boxes`, `${rate} /s, ${ratio} of bare`, target)
  }
  report('  the load itself, busy', `${Math.round(median([...bare, ...memory, ...lmdb].map(({ busy }) => busy)) * 100)} %`, 'below 80 %')
}
