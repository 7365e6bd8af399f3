// An endpoint for another project's clients beside that project's own server: the same clients, the same messages.
import { once } from 'node:events'
import { median, percentile, report, startProcess, withTempDir } from './lib.js'

const CONNECTS = 400
const PAIRS = 16
const IN_FLIGHT = 8
const MESSAGES = 20_000
const IDLE = 2_000

async function close (sockets) {
  await Promise.all(sockets.map(async socket => {
    socket.close()
    await once(socket, 'close')
  }))
}

async function opening (connect) {
  const times = []
  for (let i = 0; i < CONNECTS + 50; i++) {
    const start = performance.now()
    const socket = await connect(`opening-${i}`)
    if (i >= 50) times.push(performance.now() - start)
    await close([socket])
  }
  return times
}

/** @returns messages per second */
async function relaying (pair) {
  const pairs = await Promise.all(Array.from({ length: PAIRS }, (_, i) => pair(i)))
  const run = async (count) => await Promise.all(pairs.map(async ({ host, guest, text }) => {
    let sent = 0
    let received = 0
    await new Promise((resolve, reject) => {
      const send = () => { if (sent++ < count) guest.send(text) }
      guest.once('close', () => { reject(new Error('A guest was disconnected')) })
      host.on('message', function onMessage () {
        send()
        if (++received < count) return
        host.off('message', onMessage)
        guest.removeAllListeners('close')
        resolve()
      })
      for (let n = 0; n < IN_FLIGHT; n++) send()
    })
  }))
  await run(100)
  const start = performance.now()
  await run(MESSAGES / PAIRS)
  const rate = MESSAGES / (performance.now() - start) * 1000
  await close(pairs.flatMap(({ host, guest }) => [host, guest]))
  return rate
}

/** @returns bytes per client */
async function idling (server, connect) {
  const before = (await server.memory()).rss
  const clients = []
  for (let i = 0; i < IDLE; i += 100) clients.push(...await Promise.all(Array.from({ length: 100 }, (_, n) => connect(`idle-${i + n}`))))
  const after = (await server.memory()).rss
  await close(clients)
  return (after - before) / IDLE
}

/**
 * @param protocol a name of compat-server.js
 * @param official what its project's server is called
 * @param opened when a client counts as connected
 * @param clientsAt for a URL, `connect(name)` to a socket, and `pair(number)` to two sockets and the text of a message
 * from the guest to the host
 */
export async function compare ({ protocol, official, opened, clientsAt }) {
  await withTempDir(async dir => {
    const servers = [[official, 'official'], ['signalbox, memory', 'memory'], ['signalbox, lmdb', 'lmdb']]
    let base
    for (const [name, kind] of servers) {
      const server = await startProcess('./compat-server.js', [protocol, kind, dir])
      const { connect, pair } = clientsAt(server.url)
      // A fresh process has the memory of none of the other work.
      const bytes = await idling(server, connect)
      const times = await opening(connect)
      const rate = await relaying(pair)
      base ??= rate
      report(`${name}: connect to ${opened}, p50 and p95`, `${median(times).toFixed(2)} ms, ${percentile(times, 0.95).toFixed(2)} ms`)
      report(`${name}: messages relayed, ${PAIRS} pairs`, `${Math.round(rate)} /s, ${(rate / base).toFixed(2)}`)
      report(`${name}: resident memory per idle client, of ${IDLE}`, `${(bytes / 1024).toFixed(1)} KiB`)
      await server.stop()
    }
  })
}
