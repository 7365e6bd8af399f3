// Messages stored per second over HTTP, side by side with a bare route that parses the same body.
import autocannon from 'autocannon'
import { createBoxes, median, message, report, startServer, withTempDir } from './lib.js'

const CONNECTIONS = 64
const BOXES = 400
const ROUNDS = 5
const SECONDS = 3

/** Messages stored per second, by many connections over these boxes. */
export async function rate (server, boxes) {
  let turn = 0
  const result = await autocannon({
    url: server.url,
    connections: CONNECTIONS,
    duration: SECONDS,
    requests: [{
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: message,
      setupRequest: request => ({ ...request, path: `/boxes/${boxes[turn++ % boxes.length]}/messages` })
    }]
  })
  if (result.non2xx > 0 || result.errors > 0) throw new Error(`${result.non2xx} refused, ${result.errors} failed`)
  return result.requests.total / result.duration
}

/** Rates of several servers, in turn, so that the machine's moods meet them alike. */
export async function compare (servers) {
  const boxes = []
  for (const server of servers) boxes.push(server.kind === 'bare' ? ['x'] : await createBoxes(server.url, BOXES))
  for (const [i, server] of servers.entries()) await rate(server, boxes[i])
  const rates = servers.map(() => [])
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, server] of servers.entries()) rates[i].push(await rate(server, boxes[i]))
  }
  return rates
}

export async function run ({ redis } = {}) {
  await withTempDir(async dir => {
    const kinds = [['bare'], ['memory'], ['lmdb', dir], ...(redis === undefined ? [] : [['redis', redis]])]
    const servers = []
    for (const [kind, where] of kinds) servers.push({ kind, ...await startServer(kind, where) })
    const [bare, ...stores] = await compare(servers)
    for (const server of servers) await server.stop()
    report(`bare route, ${CONNECTIONS} connections, ${message.length} bytes`, `${Math.round(median(bare))} /s`)
    const targets = { memory: '>= 0.90', lmdb: '>= 0.60' }
    for (const [i, rates] of stores.entries()) {
      const kind = servers[i + 1].kind
      const ratio = median(rates.map((r, round) => r / bare[round]))
      report(`store, ${kind}, over ${BOXES} boxes`, `${Math.round(median(rates))} /s, ${ratio.toFixed(2)} of bare`, targets[kind])
    }
    if (redis !== undefined) {
      report('store, redis against memory', `${median(stores[2].map((r, i) => r / stores[0][i])).toFixed(2)} of memory`, '>= 0.5')
    }
  })
}
