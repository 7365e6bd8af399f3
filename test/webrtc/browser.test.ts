import t from 'tap'
import type { HostedCall } from '../../clients/typescript/src/webrtc/index.js'
import { needsChromium } from '../helpers/chromium.js'
import { hostIn, joinIn, pages, say } from './browser-pages.js'
import { end, firstPeer, hear, hostAt, joinTo } from './node-peers.js'
import vectors from './sealing-vectors.json' with { type: 'json' }

const skip = await needsChromium()

t.test('two browsers', { skip }, async t => {
  const { open, url } = await pages(t)

  await t.test('compute the test vectors', async t => {
    const page = await open()
    const { invite, messages, refused, code } = vectors
    t.strictSame(await page.evaluate(() => window.computeVectors()), { invite, messages, refused, code })
  })

  await t.test('connect, talk, and see the same code', async t => {
    const [host, guest] = await Promise.all([open(), open()])
    await joinIn(guest, await hostIn(host))
    await host.waitForFunction(() => window.peer !== undefined)
    t.strictSame(await guest.evaluate(() => window.codes), await host.evaluate(() => window.codes))
    await say(host, guest, 'hello guest')
    await say(guest, host, 'hello host')
    await guest.evaluate(() => window.call.close())
    t.equal(await host.evaluate(() => window.peer.closed), undefined)
  })

  await t.test('say hello without waiting for ICE servers, and use them all the same', async t => {
    const [host, guest] = await Promise.all([open(), open()])
    const invite = await hostIn(host)
    t.strictSame(await guest.evaluate(async invite => {
      let say = () => {}
      const said = new Promise<void>(resolve => { say = resolve })
      const call = await window.join(invite, {
        prepare (connection) {
          connection.setConfiguration({ ...connection.getConfiguration(), iceServers: [{ urls: 'stun:127.0.0.1:10' }] })
        },
        async fetch (input) {
          const request = input as Request
          if (request.url.endsWith('/ice-servers')) {
            await said
            return new Response('{"iceServers":[{"urls":["stun:127.0.0.1:9"]}]}', { headers: { 'Content-Type': 'application/json' } })
          }
          if (/drop_.*messages$/.test(request.url)) say()
          return await fetch(request)
        }
      })
      const { value: peer } = await call.peers[Symbol.asyncIterator]().next()
      const { iceServers } = (peer as typeof window.peer).connection.getConfiguration()
      await call.close()
      return iceServers?.map(({ urls }) => [urls].flat())
    }, invite), [['stun:127.0.0.1:10'], ['stun:127.0.0.1:9']], 'beside those of the application')
  })

  await t.test('connect with Node', async t => {
    const [host, guest] = await Promise.all([open(), open()])
    const call = await hostAt(t, url)
    await joinIn(guest, call.invite)
    const node = await firstPeer(call)
    t.equal(await guest.evaluate(() => window.peer.code), node.code)
    const heard = hear(node)
    await guest.evaluate(() => { window.peer.channel.send('from the browser') })
    t.equal(await heard, 'from the browser')

    const joined = await firstPeer(await joinTo(t, await hostIn(host)))
    joined.channel.send('from Node')
    await host.waitForFunction(() => window.heard.includes('from Node'))
    t.equal(await host.evaluate(() => window.peer.code), joined.code)
  })

  await t.test('renegotiate when both add something at the same time', async t => {
    const [host, guest] = await Promise.all([open(), open()])
    await joinIn(guest, await hostIn(host))
    await host.waitForFunction(() => window.peer !== undefined)
    for (let round = 1; round <= 5; round++) {
      await Promise.all([host, guest].map(page => page.evaluate(() => {
        const canvas = document.createElement('canvas')
        canvas.getContext('2d')
        window.peer.connection.addTrack(canvas.captureStream(5).getTracks()[0]!)
      })))
      for (const page of [host, guest]) {
        await page.waitForFunction(count => {
          const { connection } = window.peer
          const received = connection.getTransceivers().filter(({ currentDirection }) => /recv/.test(currentDirection ?? ''))
          return connection.signalingState === 'stable' && received.length >= count
        }, round)
      }
    }
    await say(host, guest, 'still here')
    t.strictSame(await host.evaluate(() => window.failed), [])
    t.strictSame(await guest.evaluate(() => window.failed), [])
  })

  await t.test('find a new path when they are told to', async () => {
    const [host, guest] = await Promise.all([open(), open()])
    await joinIn(guest, await hostIn(host))
    await host.waitForFunction(() => window.peer !== undefined)
    const ufrag = () => guest.evaluate(() => window.peer.connection.currentLocalDescription!.sdp.match(/a=ice-ufrag:(\S+)/)![1])
    const before = await ufrag()
    await Promise.all([host, guest].map(page => page.evaluate(() => { window.peer.connection.restartIce() })))
    await guest.waitForFunction(before => {
      const { connection } = window.peer
      return connection.connectionState === 'connected' && !connection.currentLocalDescription!.sdp.includes(before!)
    }, before)
    await say(guest, host, 'on a new path')
  })

  await t.test('reconnect when the host reloads its page', async t => {
    const [host, guest] = await Promise.all([open(), open()])
    const invite = await hostIn(host)
    await joinIn(guest, invite)
    await host.waitForFunction(() => window.peer !== undefined)
    const { resume } = await host.evaluate(() => ({ resume: (window.call as HostedCall).resume }))
    await host.reload()
    t.equal(await hostIn(host, { resume }), invite)
    await host.waitForFunction(() => window.peer !== undefined)
    await guest.waitForFunction(() => window.codes.length === 2)
    t.equal(await host.evaluate(() => window.codes[0]), await guest.evaluate(() => window.codes[1]))
    await say(host, guest, 'here I am again')
  })

  await t.test('reconnect when the guest reloads its page', async t => {
    const [host, guest] = await Promise.all([open(), open()])
    const invite = await hostIn(host)
    await joinIn(guest, invite)
    await guest.reload()
    await joinIn(guest, invite)
    await host.waitForFunction(() => window.codes.length === 2)
    t.equal(await host.evaluate(() => window.codes[1]), await guest.evaluate(() => window.codes[0]))
    await say(guest, host, 'here I am again')
  })

  await t.test('connect through simple-peer', async t => {
    const [host, guest] = await Promise.all([open(), open()])
    const invite = await host.evaluate(async () => {
      const listener = await window.listen({ server: location.origin })
      ;(async () => {
        for await (const channel of listener) {
          const peer = new window.SimplePeer({ initiator: true })
          window.signalThrough(peer, channel)
          peer.on('data', data => { window.heard.push(String(data)) })
          peer.on('connect', () => { peer.send('from the host') })
          peer.on('error', () => {})
          peer.on('close', () => { window.failed.push('closed') })
        }
      })()
      return listener.invite
    })
    await guest.evaluate(async invite => {
      const peer = new window.SimplePeer()
      window.signalThrough(peer, await window.connect(invite))
      peer.on('data', data => { window.heard.push(String(data)) })
      peer.on('connect', () => { peer.send('from the guest') })
      Object.assign(window, { leave: () => { peer.destroy() } })
    }, invite)
    await guest.waitForFunction(() => window.heard.includes('from the host'))
    await host.waitForFunction(() => window.heard.includes('from the guest'))
    await guest.evaluate('leave()')
    await host.waitForFunction(() => window.failed.includes('closed'))
    t.pass('and leaving is noticed')
  })
})

end(t)
