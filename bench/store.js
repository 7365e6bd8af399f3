// Requests a second of each operation over HTTP, side by side with bare routes that take the same requests and
// return the same responses; with bare routes that also set the same headers; and with bare routes that wait for a shared
// flush before they respond to a write, which is the most that a store on this disk could reach.
import { join } from 'node:path'
import { load, requests } from './load.js'
import { createBoxes, median, message, report, startServer, withTempDir } from './lib.js'

const CONNECTIONS = 64
const BOXES = 400
const STARTS = 5
const ROUNDS = 3
const SECONDS = 1
/** The default. */
const MAX_BOX_BYTES = String(1024 * 1024)

/** What is measured, and the share of a bare route's rate that each store should reach. Creating comes last, because of all the boxes that it leaves. */
const OPERATIONS = [
  { operation: 'store', about: `store, over ${BOXES} boxes`, memory: '>= 0.90', lmdb: '>= 0.60' },
  { operation: 'read', about: 'read one message', memory: '>= 0.80', lmdb: '>= 0.60' },
  { operation: 'drain', about: 'store, then drain', memory: '>= 0.80', lmdb: '>= 0.60' },
  { operation: 'create', about: 'create', memory: '>= 0.80', lmdb: '>= 0.60' }
]

/** Requests of this kind per second on these boxes, over many connections, and how busy that kept the load generator. */
function loading (server, operation, boxes) {
  return load(server.url, requests[operation](boxes), { connections: CONNECTIONS, seconds: SECONDS })
}

/** Messages stored per second. */
export function storing (server, boxes) {
  return loading(server, 'store', boxes)
}

/** The boxes that requests are for. Bare routes have none, and accept any id of the right length. */
async function boxesFor (server, operation) {
  if (['bare', 'headers', 'flush'].includes(server.kind)) return Array.from({ length: BOXES }, (_, i) => String(i).padStart(36, 'A'))
  const boxes = await createBoxes(server.url, BOXES)
  if (operation === 'read') await fill(server, boxes)
  return boxes
}

/** Puts one message into each box. */
async function fill (server, boxes) {
  for (const box of boxes) await fetch(`${server.url}/boxes/${box}/messages`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: message })
}

/** The measurements of several servers, taken in turn, so that fluctuations of the machine affect them equally. */
async function inTurn (servers, operation) {
  const boxes = []
  for (const server of servers) boxes.push(await boxesFor(server, operation))
  for (const [i, server] of servers.entries()) await loading(server, operation, boxes[i])
  const measured = servers.map(() => [])
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, server] of servers.entries()) measured[i].push(await loading(server, operation, boxes[i]))
  }
  return measured
}

/**
 * The measurements of servers of these kinds, restarted several times: two processes of the same code differ by
 * up to 15 % for as long as they live.
 * @returns for each operation, for each kind, what was measured
 */
export async function compare (kinds, operations, { redis } = {}) {
  const all = Object.fromEntries(operations.map(operation => [operation, kinds.map(() => [])]))
  for (let start = 0; start < STARTS; start++) {
    await withTempDir(async dir => {
      const where = { flush: join(dir, 'flush'), lmdb: join(dir, 'lmdb'), redis }
      const servers = []
      for (const kind of kinds) servers.push({ kind, ...await startServer(kind, where[kind], MAX_BOX_BYTES) })
      for (const operation of operations) {
        for (const [i, measured] of (await inTurn(servers, operation)).entries()) all[operation][i].push(...measured)
      }
      for (const server of servers) await server.stop()
    })
  }
  return all
}

/** The median of the requests per second, and of their ratio to a reference of the same rounds. */
export function against (reference, measured) {
  return {
    rate: Math.round(median(measured.map(({ rate }) => rate))),
    ratio: median(measured.map(({ rate }, i) => rate / reference[i].rate)).toFixed(2)
  }
}

export async function run () {
  const all = await compare(['bare', 'headers', 'flush', 'memory', 'lmdb'], OPERATIONS.map(({ operation }) => operation))
  for (const { operation, about, ...targets } of OPERATIONS) {
    const [bare, headers, flush, memory, lmdb] = all[operation]
    report(`${about}, bare route, ${CONNECTIONS} connections`, `${against(bare, bare).rate} /s`)
    for (const [kind, measured] of Object.entries({ headers, flush, memory, lmdb })) {
      const { rate, ratio } = against(bare, measured)
      report(`  ${kind}`, `${rate} /s, ${ratio} of bare`, targets[kind], Number(ratio))
    }
    report('  memory, of headers', against(headers, memory).ratio)
    if (operation !== 'read') report('  lmdb, of flush', against(flush, lmdb).ratio)
  }
  const busy = Object.values(all).flat(2).map(({ busy }) => busy)
  report('  load generator, busy', `${Math.round(median(busy) * 100)} %`, '<= 80 %')
}
