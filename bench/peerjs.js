// The PeerJS endpoint beside the PeerJS server: the same clients, the same messages.
import { once } from 'node:events'
import WebSocket from 'ws'
import { median, message, percentile, report, startProcess, withTempDir } from './lib.js'

const CONNECTS = 400
const PAIRS = 16
const IN_FLIGHT = 8
const MESSAGES = 20_000
const IDLE = 2_000
const payload = JSON.parse(message)

async function connect (url, id) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/peerjs?key=peerjs&id=${id}&token=${id}`)
  const [text] = await once(socket, 'message')
  if (JSON.parse(text).type !== 'OPEN') throw new Error(`The server sent ${text}`)
  return socket
}

async function close (sockets) {
  await Promise.all(sockets.map(async socket => {
    socket.close()
    await once(socket, 'close')
  }))
}

async function opening (url) {
  const times = []
  for (let i = 0; i < CONNECTS + 50; i++) {
    const start = performance.now()
    const socket = await connect(url, `opening-${i}`)
    if (i >= 50) times.push(performance.now() - start)
    await close([socket])
  }
  return times
}

/** @returns messages per second */
async function relaying (url) {
  const pairs = await Promise.all(Array.from({ length: PAIRS }, async (_, i) => [await connect(url, `host-${i}`), await connect(url, `guest-${i}`)]))
  const run = async (count) => await Promise.all(pairs.map(async ([host, guest], i) => {
    const text = JSON.stringify({ type: 'OFFER', dst: `host-${i}`, payload })
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
  await close(pairs.flat())
  return rate
}

/** @returns bytes per peer */
async function idling (server) {
  const before = (await server.memory()).rss
  const peers = []
  for (let i = 0; i < IDLE; i += 100) peers.push(...await Promise.all(Array.from({ length: 100 }, (_, n) => connect(server.url, `idle-${i + n}`))))
  const after = (await server.memory()).rss
  await close(peers)
  return (after - before) / IDLE
}

export async function run () {
  await withTempDir(async dir => {
    const servers = [['PeerJS server', 'official'], ['signalbox, memory', 'memory'], ['signalbox, lmdb', 'lmdb']]
    let base
    for (const [name, kind] of servers) {
      const server = await startProcess('./peerjs-server.js', [kind, dir])
      // A fresh process has the memory of none of the other work.
      const bytes = await idling(server)
      const times = await opening(server.url)
      const rate = await relaying(server.url)
      base ??= rate
      report(`${name}: connect to OPEN, p50 and p95`, `${median(times).toFixed(2)} ms, ${percentile(times, 0.95).toFixed(2)} ms`)
      report(`${name}: messages relayed, ${PAIRS} pairs`, `${Math.round(rate)} /s, ${(rate / base).toFixed(2)}`)
      report(`${name}: resident memory per idle peer, of ${IDLE}`, `${(bytes / 1024).toFixed(1)} KiB`)
      await server.stop()
    }
  })
}
