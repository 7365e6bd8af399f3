import t from 'tap'
import { launch, needsChromium } from '../../helpers/chromium.js'
import { needs } from '../../helpers/needs.js'
import { freePort, RedisServer } from '../../helpers/redis-server.js'
import { ServerProcess, temporaryDirectory } from '../../helpers/server-process.js'
import { call, chat, happens, peerPage } from './pages.js'

const skip = await needsChromium()

t.test('an unmodified application of PeerJS', { skip }, async t => {
  const browser = await launch(t)

  await t.test('chats and calls, and goes on after the server is killed', async t => {
    const flags = [`--port=${await freePort()}`, `--store=lmdb:${await temporaryDirectory(t)}`, '--host=127.0.0.1', '--peerjs=/peerjs']
    const first = await ServerProcess.start(t, flags)
    const [anna, ben] = [await peerPage(t, browser, first.url, 'anna'), await peerPage(t, browser, first.url, 'ben')]
    await chat(anna, ben, 'ben')
    await call(ben, anna, 'anna')

    await first.kill('SIGKILL')
    for (const page of [anna, ben]) await happens(page, 'disconnected')
    const second = await ServerProcess.start(t, flags)
    t.equal(second.url, first.url)
    for (const page of [anna, ben]) {
      await page.evaluate(() => {
        window.events.length = 0
        window.client.reconnect()
      })
    }
    await happens(anna, 'open anna')
    await happens(ben, 'open ben')
    await chat(ben, anna, 'anna')
    await call(anna, ben, 'ben')
  })

  await t.test('reaches the peers of another server on the same Redis', { skip: needs('redis-server') }, async t => {
    const redis = await RedisServer.start(t)
    const flags = [`--store=${redis.url}`, '--host=127.0.0.1', '--peerjs=/peerjs']
    const [one, two] = [await ServerProcess.start(t, flags), await ServerProcess.start(t, flags)]
    const [anna, ben] = [await peerPage(t, browser, one.url, 'anna'), await peerPage(t, browser, two.url, 'ben')]
    await chat(anna, ben, 'ben')
    await call(ben, anna, 'anna')
  })

  await t.test('is told when a peer is not there, and when an id is taken', async t => {
    const server = await ServerProcess.start(t, ['--store=memory:', '--host=127.0.0.1', '--peerjs=/peerjs'])
    const anna = await peerPage(t, browser, server.url, 'anna')
    await anna.evaluate(() => { window.client.connect('nobody') })
    await happens(anna, 'error peer-unavailable')
    await anna.evaluate(port => {
      new window.Peer('anna', { host: '127.0.0.1', port, path: '/peerjs' }).on('error', (error: { type: string }) => { window.events.push(`error ${error.type}`) })
    }, Number(new URL(server.url).port))
    await happens(anna, 'error unavailable-id')
    t.equal(await anna.evaluate(() => window.client.open), true)
  })
})
