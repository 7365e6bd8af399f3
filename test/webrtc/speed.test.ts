import t from 'tap'
import type { Page } from 'playwright-core'
import { needsChromium } from '../helpers/chromium.js'
import { hostIn, joinIn, pages } from './browser-pages.js'

const skip = await needsChromium()
const CALLS = 50

const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!

/** What WebRTC itself takes: two connections in one page that hand each other their descriptions. @returns ms */
async function withoutSignaling (page: Page): Promise<number> {
  return await page.evaluate(async () => {
    const began = performance.now()
    const [a, b] = [new RTCPeerConnection(), new RTCPeerConnection()]
    const channel = a.createDataChannel('x', { negotiated: true, id: 0 })
    b.createDataChannel('x', { negotiated: true, id: 0 })
    a.onicecandidate = ({ candidate }) => { if (candidate) b.addIceCandidate(candidate) }
    b.onicecandidate = ({ candidate }) => { if (candidate) a.addIceCandidate(candidate) }
    const open = new Promise(resolve => { channel.onopen = resolve })
    await a.setLocalDescription()
    await b.setRemoteDescription(a.localDescription!)
    await b.setLocalDescription()
    await a.setRemoteDescription(b.localDescription!)
    await open
    const ms = performance.now() - began
    a.close()
    b.close()
    return ms
  })
}

t.test('from the guest’s click to an open data channel', { skip }, async t => {
  const { open } = await pages(t)
  const [host, guest] = await Promise.all([open(), open()])
  const invite = await hostIn(host)
  const requests = { host: 0, guest: 0 }
  host.on('request', () => { requests.host++ })
  guest.on('request', () => { requests.guest++ })
  const bare: number[] = []
  const calls: number[] = []
  for (let n = 0; n < CALLS; n++) {
    bare.push(await withoutSignaling(guest))
    Object.assign(requests, { host: 0, guest: 0 })
    calls.push(await joinIn(guest, invite))
    if (requests.host > 12 || requests.guest > 12) t.fail(`${requests.host} requests of the host, ${requests.guest} of the guest`)
    await guest.evaluate(async () => {
      await window.call.close()
      Object.assign(window, { peer: undefined, failed: [] })
    })
  }
  const [call, without] = [median(calls), median(bare)]
  t.comment(`median of ${CALLS} calls: ${call.toFixed()} ms, ${without.toFixed()} ms of them WebRTC itself`)
  t.ok(call <= 250, 'at most 250 ms')
  t.ok(call - without <= 100, 'at most 100 ms more than without signaling')
})
