// A call in real Chromium, guest and host in separate profiles: from the guest's join() to its open data
// channel. PeerJS does the same in the same pages.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { PeerServer } from 'peer'
import { launchChromium } from '../scripts/chromium.js'
import { startDelay } from './delay.js'
import { freePort, median, percentile, report, startServer } from './lib.js'

const require = createRequire(import.meta.url)

const CALLS = 20
const WARM_UP = 3

/** From a browser to a server in the same part of the world, in ms. */
export const DELAY = 20

/** A person's page at the server's origin, with the product's code, which counts its requests. */
async function open (browser, url, code) {
  const page = await (await browser.newContext()).newPage()
  const person = { page, requests: 0 }
  page.on('request', () => { person.requests++ })
  // Any response from that origin will do: the plugin has no page of its own.
  await page.goto(`${url}/openapi.json`)
  await page.evaluate(code)
  return person
}

async function hostIn (page) {
  return await page.evaluate(async () => {
    // Nobody compares the codes of this many calls, so the limit on attempts would end the benchmark.
    const call = await window.signalbox.host({ server: window.location.origin, compare: false })
    ;(async () => { for await (const peer of call.peers) window.peer = peer })()
    return call.invite
  })
}

/** @returns ms until the data channel was open; the call is over then */
async function joinIn (page, invite) {
  return await page.evaluate(async invite => {
    const began = performance.now()
    const call = await window.signalbox.join(invite, { compare: false })
    const { value: peer } = await call.peers[Symbol.asyncIterator]().next()
    const ms = performance.now() - began
    if (peer.channel.readyState !== 'open') throw new Error(`The data channel is ${peer.channel.readyState}`)
    await call.close()
    return ms
  }, invite)
}

/** @returns its id */
async function peerJsHostIn (page, port) {
  return await page.evaluate(async port => {
    window.options = { host: '127.0.0.1', port, path: '/', config: { iceServers: [] } }
    const peer = window.host = new window.Peer(window.options)
    return await new Promise(resolve => { peer.on('open', resolve) })
  }, port)
}

/** @returns ms until the data channel was open, with and without the registration at its server */
async function peerJsJoinIn (page, id) {
  return await page.evaluate(async id => {
    const opened = emitter => new Promise((resolve, reject) => { emitter.on('open', resolve).on('error', reject) })
    const began = performance.now()
    const peer = new window.Peer(window.options)
    await opened(peer)
    const registered = performance.now()
    await opened(peer.connect(id, { reliable: true }))
    const end = performance.now()
    peer.destroy()
    return { whole: end - began, registered: end - registered }
  }, id)
}

/** What WebRTC itself takes: two connections in one page that hand each other their descriptions. @returns ms */
async function withoutSignaling (page) {
  return await page.evaluate(async () => {
    const { RTCPeerConnection } = window
    const began = performance.now()
    const [a, b] = [new RTCPeerConnection(), new RTCPeerConnection()]
    const channel = a.createDataChannel('bench', { negotiated: true, id: 0 })
    b.createDataChannel('bench', { negotiated: true, id: 0 })
    a.onicecandidate = ({ candidate }) => { if (candidate) b.addIceCandidate(candidate) }
    b.onicecandidate = ({ candidate }) => { if (candidate) a.addIceCandidate(candidate) }
    const open = new Promise(resolve => { channel.onopen = resolve })
    await a.setLocalDescription()
    await b.setRemoteDescription(a.localDescription)
    await b.setLocalDescription()
    await a.setRemoteDescription(b.localDescription)
    await open
    const ms = performance.now() - began
    a.close()
    b.close()
    return ms
  })
}

/**
 * @param delay in ms, between the browsers and both servers, in each direction; without it, connections are direct
 * @returns ms until the data channel was open, of each call, by what set it up; and the requests that it took
 */
export async function measureCalls (delay = 0) {
  const { outputFiles: [bundle] } = await build({
    entryPoints: [fileURLToPath(new URL('../clients/typescript/dist/webrtc/index.js', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'signalbox',
    target: 'es2022'
  })
  const peerJs = await readFile(require.resolve('peerjs/dist/peerjs.min.js'), 'utf8')
  const server = await startServer('memory')
  const peerJsPort = await freePort()
  const peerServer = await new Promise(resolve => { const app = PeerServer({ port: peerJsPort, host: '127.0.0.1', path: '/' }, listening => resolve(listening ?? app)) })
  const relays = []
  const distant = async port => {
    if (delay === 0) return port
    const relay = await startDelay(port, delay)
    relays.push(relay)
    return relay.port
  }
  const url = `http://127.0.0.1:${await distant(new URL(server.url).port)}`
  const port = await distant(peerJsPort)
  const browser = await launchChromium()
  try {
    // A name declared with `var` would disappear after the evaluation.
    const code = `${bundle.text}; window.signalbox = signalbox; ${peerJs}; window.Peer = peerjs.Peer`
    const [host, guest] = await Promise.all([open(browser, url, code), open(browser, url, code)])
    host.requests = 0
    const invite = await hostIn(host.page)
    const making = host.requests
    const id = await peerJsHostIn(host.page, port)
    await guest.page.evaluate(options => { window.options = options }, await host.page.evaluate(() => window.options))
    const times = { call: [], bare: [], peerJs: [], registered: [] }
    const requests = { host: [], guest: [] }
    for (let n = 0; n < WARM_UP + CALLS; n++) {
      const bare = await withoutSignaling(guest.page)
      const { whole, registered } = await peerJsJoinIn(guest.page, id)
      host.requests = guest.requests = 0
      const call = await joinIn(guest.page, invite)
      if (n < WARM_UP) continue
      times.bare.push(bare)
      times.call.push(call)
      times.peerJs.push(whole)
      times.registered.push(registered)
      requests.host.push(host.requests)
      requests.guest.push(guest.requests)
    }
    return { ...times, requests, making, calls: CALLS }
  } finally {
    await browser.close()
    for (const relay of relays) relay.stop()
    await server.stop()
    peerServer.close()
  }
}

export async function run () {
  const { requests, making, ...times } = await measureCalls()
  const show = times => `${median(times).toFixed()} ms, ${percentile(times, 0.95).toFixed()} ms`
  report(`join() to open data channel in Chromium, p50 and p95 of ${CALLS}`, show(times.call), '<= 250 ms')
  report('PeerJS, with registration', show(times.peerJs))
  report('PeerJS, registered before', show(times.registered))
  report('join() against PeerJS with registration', `${(median(times.call) / median(times.peerJs)).toFixed(2)} times`, '<= 1.3')
  report('exchanging descriptions within one page, p50', `${median(times.bare).toFixed()} ms`)
  const distant = await measureCalls(DELAY)
  report(`the same with ${DELAY} ms to and from both servers: join(), PeerJS`, `${median(distant.call).toFixed()} ms, ${median(distant.peerJs).toFixed()} ms`)
  report('join() against PeerJS, with that delay', `${(median(distant.call) / median(distant.peerJs)).toFixed(2)} times`, '<= 1.3')
  report('HTTP requests: host (with its box), guest', `${making + Math.max(...requests.host)}, ${Math.max(...requests.guest)}`, '<= 12', Math.max(...requests.guest))
  // The PeerJS server leaves a timer running.
  setImmediate(() => process.exit(0))
}
