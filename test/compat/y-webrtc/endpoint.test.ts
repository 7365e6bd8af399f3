import t from 'tap'
import { CAPABILITY } from '../../../src/box/capability.js'
import { watchedStore } from '../stores.js'
import { clientsAt, hears, isSubscribed, publication, serve } from './clients.js'

t.test('all who are subscribed to a topic get what is published, the sender too', async t => {
  const { join } = await serve(t)
  const [anna, ben, carl] = [await join('notes'), await join('notes'), await join('other')]
  for (let n = 0; n < 40; n++) anna.send(publication('notes', n))
  const all = Array.from({ length: 40 }, (_, n) => n)
  t.same(await hears(anna, 40), all)
  t.same(await hears(ben, 40), all)
  t.same(carl.received, [])
})

t.test('a publication comes as it was sent, with the number of subscribers', async t => {
  const { join } = await serve(t)
  const [anna, ben] = [await join('notes'), await join('notes')]
  t.same((await anna.next()).data, 'mine', 'of ben')
  ben.send('{ "type":"publish", "topic":"notes", "data":{"number":1e20,"text":"✓ }"}, "clients":99, "more":[1,null] }\n')
  for (const client of [anna, ben]) {
    await client.gets({ type: 'publish', topic: 'notes', data: { number: 1e20, text: '✓ }' }, clients: 2, more: [1, null] })
  }
})

t.test('who publishes need not be subscribed', async t => {
  const { connect, join } = await serve(t)
  const anna = await join('notes')
  const ben = connect()
  ben.socket.on('open', () => { ben.send(publication('notes', 'from outside')) })
  t.same(await hears(anna, 1), ['from outside'])
  t.same(ben.received, [])
})

t.test('a newcomer gets nothing that was published before', async t => {
  const { join } = await serve(t)
  const anna = await join('notes')
  for (let n = 0; n < 100; n++) anna.send(publication('notes', n))
  await hears(anna, 100)
  await anna.leave()
  const ben = await join('notes')
  ben.send(publication('notes', 'new'))
  t.same(await hears(ben, 1), ['new'])
})

t.test('subscribing again changes nothing, and unsubscribing ends it', async t => {
  const { join } = await serve(t)
  const [anna, ben] = [await join('notes', 'more'), await join('notes')]
  for (let n = 0; n < 3; n++) anna.send({ type: 'subscribe', topics: ['notes', 'notes'] })
  anna.send(publication('notes', 1))
  t.same(await hears(anna, 1), [1])
  anna.send({ type: 'unsubscribe', topics: ['notes', 'unknown'] })
  anna.send(publication('notes', 2))
  anna.send(publication('more', 3))
  t.same(await hears(ben, 2), [1, 2])
  t.same(await hears(anna, 1), [3], 'each came once, and nothing after the end')
  anna.send({ type: 'subscribe', topics: ['notes'] })
  await isSubscribed(anna, 'notes')
})

t.test('a ping is answered', async t => {
  const { connect } = await serve(t)
  const anna = connect()
  anna.socket.on('open', () => { anna.send({ type: 'ping' }) })
  await anna.gets({ type: 'pong' })
})

t.test('what nobody is subscribed to makes no room', async t => {
  const { store, calls } = watchedStore()
  const { join } = await serve(t, { store })
  const anna = await join('notes')
  calls.length = 0
  for (let n = 0; n < 10; n++) anna.send(publication(`nobody ${n}`, n))
  anna.send(publication('notes', 'last'))
  await hears(anna, 1)
  t.same(calls.filter(([operation]) => operation === 'open' || operation === 'create'), [])
})

t.test('the endpoint is also there with a slash at its end and a query', async t => {
  const { url } = await serve(t)
  for (const end of ['/', '?room=x', '/?room=x']) await clientsAt(t, `${url}${end}`).join('notes')
  t.equal((await fetch(url)).status, 404, 'for WebSockets only')
})

t.test('no request to the box API can reach the rooms, and no topic is stored in their keys', async t => {
  const { store, calls } = watchedStore()
  const { join } = await serve(t, { store })
  await join('the-notes-of-anna')
  const keys = calls.map(([, key]) => key).filter(key => typeof key === 'string')
  t.ok(keys.some(key => /^topic_[\w-]{32}$/.test(key)))
  t.same(keys.filter(key => new RegExp(CAPABILITY).test(key) || key.includes('anna')), [])
})
