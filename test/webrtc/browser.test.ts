import t from 'tap'
import { needsChromium } from '../helpers/chromium.js'
import { hostIn, joinIn, pages, say } from './browser-pages.js'
import { firstPeer, hear, hostAt, joinTo } from './node-peers.js'
import vectors from './sealing-vectors.json' with { type: 'json' }

const skip = await needsChromium()

t.test('two browsers', { skip }, async t => {
  const { open, url } = await pages(t)

  await t.test('compute the test vectors', async t => {
    const page = await open()
    const { invite, messages, refused, code } = vectors
    t.strictSame(await page.evaluate(() => window.computeVectors()), { invite, messages, refused, code })
  })

  await t.test('are connected, talk, and see the same code', async t => {
    const [host, guest] = await Promise.all([open(), open()])
    await joinIn(guest, await hostIn(host))
    await host.waitForFunction(() => window.peer !== undefined)
    t.strictSame(await guest.evaluate(() => window.codes), await host.evaluate(() => window.codes))
    await say(host, guest, 'hello guest')
    await say(guest, host, 'hello host')
    await guest.evaluate(() => window.call.close())
    t.equal(await host.evaluate(() => window.peer.closed), undefined)
  })

  await t.test('are connected with Node', async t => {
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
})
