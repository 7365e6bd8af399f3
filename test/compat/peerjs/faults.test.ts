import { EventEmitter, once } from 'node:events'
import t from 'tap'
import type { WebSocket } from 'ws'
import { PeerSocket, type PeerSockets } from '../../../src/compat/peerjs/peer-socket.js'
import { Unanswered } from '../../../src/compat/peerjs/unanswered.js'
import { StoreError } from '../../../src/errors.js'
import { memoryStore } from '../../../src/store/memory.js'
import { TestClock } from '../../helpers/build.js'
import { until } from '../../helpers/until.js'
import { changed, sharedStore, watchedStore } from '../stores.js'
import { anyone, boxesOf, isEmpty, serve } from './peers.js'

const offer = (dst: string, payload: unknown) => ({ type: 'OFFER', dst, payload })
const isMail = (drop: unknown): drop is string => typeof drop === 'string' && drop.startsWith('peer-mail')

t.test('a message that could not be deleted is not sent twice', async t => {
  const kept = memoryStore()
  let failures = 0
  const store = changed(kept, async (operation, drop) => {
    if (operation === 'acknowledge' && isMail(drop) && failures++ === 0) throw new StoreError()
  })
  const { calls, store: watched } = watchedStore(store)
  const { clock, join } = await serve(t, { store: watched })
  const [anna, ben] = [await join('anna'), await join('ben')]
  anna.send(offer('ben', 1))
  await ben.gets({ type: 'OFFER', src: 'anna', dst: 'ben', payload: 1 })
  await until(() => failures > 0)
  anna.send(offer('ben', 2))
  await ben.gets({ type: 'OFFER', src: 'anna', dst: 'ben', payload: 2 })
  const [, mail] = calls.find(([operation, , message]) => operation === 'append' && message.text.includes('"dst":"ben"'))!
  await isEmpty(kept, mail, clock)
})

t.test('what a socket has sent is deleted, even if it is closed with more to send', async t => {
  const boxes = boxesOf(t, sharedStore())
  for (let n = 1; n <= 5; n++) await boxes.store('ben', JSON.stringify({ payload: n }), anyone)
  const sent: string[] = []
  const socket = Object.assign(new EventEmitter(), {
    readyState: 1,
    bufferedAmount: 0,
    close: () => { socket.emit('close') },
    send (text: string, done: unknown) {
      if (text.includes('4')) return socket.emit('close')
      sent.push(text)
      if (typeof done === 'function') done()
    }
  })
  const endpoint = { boxes, peers: new Map(), maxMessageBytes: 1_000, timeout: 90_000, onError: (error: unknown) => { throw error } }
  const peer = new PeerSocket(endpoint as unknown as PeerSockets, socket as unknown as WebSocket, { id: 'ben', token: 'his', account: anyone })
  await once(socket, 'close')
  await peer.closed(false)
  t.same(sent.slice(1), [1, 2, 3].map(n => `{"payload":${n}}`))
  t.match(await boxes.service.read(boxes.mailOf('ben'), 0, 1), { next: 4 })
})

t.test('a client that comes back is told what has expired', async t => {
  const { join } = await serve(t, { soon: { expire: 3_000 } })
  const anna = await join('anna')
  anna.send(offer('nobody', 1))
  // Handled in order.
  anna.send(offer('anna', 'stored'))
  await anna.next()
  await anna.leave()
  const again = await join('anna')
  await again.gets({ type: 'EXPIRE', src: 'nobody', dst: 'anna' })
})

t.test('each message is deleted when its own time is over', async t => {
  const kept = sharedStore()
  const { store, calls } = watchedStore(kept)
  const { clock, join } = await serve(t, { store, soon: { expire: 2_000 } })
  const anna = await join('anna')
  for (let n = 0; n < 3; n++) anna.send(offer('ben', n))
  await anna.gets({ type: 'EXPIRE', src: 'ben', dst: 'anna' })
  anna.send(offer('carl', 1))
  await anna.gets({ type: 'EXPIRE', src: 'carl', dst: 'anna' })
  const [, mail] = calls.find(([operation, , message]) => operation === 'append' && message.text.includes('"dst":"ben"'))!
  t.same((await kept.read(mail, 0, 10, clock.now())).texts, [], 'before what was sent later has expired')
})

t.test('what waits in a new box of a peer does not expire with what the old one had', async t => {
  const [store, clock] = [sharedStore(), new TestClock()]
  const boxes = boxesOf(t, store, clock)
  const told: string[] = []
  const unanswered = new Unanswered(boxes, 50, ({ id }, dst) => { told.push(`${id} of ${dst}`) }, error => { t.fail(String(error)) })
  t.teardown(() => { unanswered.stop() })
  const send = async (dst: string, text: string, sender: string): Promise<void> => {
    unanswered.add(dst, { seq: await boxes.store(dst, text, anyone), text }, { id: sender, token: 'x' })
  }
  for (const dst of ['ben', 'carl']) {
    for (const text of ['1', '2']) await send(dst, text, 'anna')
    // As when Redis has lost its data.
    await boxes.service.delete(boxes.mailOf(dst))
  }
  // Through another server, which will delete them in their time.
  for (const text of ['3', '4']) await boxes.store('ben', text, anyone)
  await send('carl', '3', 'dora')
  // Of each batch that was lost, so perhaps more than once.
  await until(() => new Set(told).size === 3)
  t.same([...new Set(told)].sort(), ['anna of ben', 'anna of carl', 'dora of carl'])
  await isEmpty(store, boxes.mailOf('carl'), clock)
  t.same((await boxes.service.read(boxes.mailOf('ben'), 0, 10)).texts, ['3', '4'])
})

t.test('news for a peer that has lost its server are deleted, too', async t => {
  const kept = sharedStore()
  const { store, calls } = watchedStore(kept)
  const [one, two] = [await serve(t, { store }), await serve(t, { store, soon: { expire: 50 } })]
  await one.join('anna')
  await one.app.close()
  const ben = await two.join('ben')
  const isNews = ([operation, , message]: typeof calls[number]) => operation === 'append' && message.text.includes('"dst":"anna"')
  for (const type of ['LEAVE', 'EXPIRE']) ben.send({ type, dst: 'anna' })
  await until(() => calls.filter(isNews).length === 2)
  const [, mail] = calls.find(isNews)!
  await isEmpty(kept, mail, two.clock)
  t.same(ben.received, [], 'nobody is told')
})

t.test('messages wait for a store that does not respond, and expire late', async t => {
  const kept = sharedStore()
  let isAway = false
  const store = changed(kept, async operation => { if (isAway && operation !== 'close') throw new StoreError() })
  const { join } = await serve(t, { store, soon: { expire: 100 } })
  const anna = await join('anna')
  anna.send(offer('nobody', 1))
  anna.send(offer('anna', 'stored'))
  await anna.next()
  isAway = true
  await new Promise(resolve => { setTimeout(resolve, 600) })
  isAway = false
  await anna.gets({ type: 'EXPIRE', src: 'nobody', dst: 'anna' })
})

t.test('the end of the server does not wait for messages of a client that has gone', async t => {
  let [isAway, tries] = [false, 0]
  const store = changed(memoryStore(), async (operation, drop) => {
    if (!isAway || operation !== 'append' || !isMail(drop)) return
    tries++
    throw new StoreError()
  })
  const { app, join } = await serve(t, { store })
  const anna = await join('anna')
  isAway = true
  for (let n = 0; n < 10; n++) anna.send(offer('ben', n))
  await until(() => tries > 0)
  await anna.leave()
  await app.close()
  t.ok(tries <= 3, `tried ${tries} times`)
})
