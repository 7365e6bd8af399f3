import t from 'tap'
import { StoreError } from '../../../src/errors.js'
import { keyOf } from '../../../src/compat/y-webrtc/topics.js'
import { until } from '../../helpers/until.js'
import { changed, sharedStore } from '../stores.js'
import { hears, isSubscribed, publication, serve } from './clients.js'

t.test('a topic goes on when its room is gone', async t => {
  const store = sharedStore()
  const { clock, join } = await serve(t, { store })
  const [anna, ben] = [await join('notes'), await join('notes')]
  for (let n = 0; n < 3; n++) anna.send(publication('notes', n))
  await hears(ben, 3)
  await store.delete(keyOf('notes'), clock.now())
  for (let n = 3; n < 9; n++) anna.send(publication('notes', n))
  t.same(await hears(ben, 6), [3, 4, 5, 6, 7, 8])
})

t.test('and when another server has opened it again', async t => {
  const store = sharedStore()
  const one = await serve(t, { store })
  const two = await serve(t, { store, clock: one.clock })
  const [anna, ben] = [await one.join('notes'), await two.join('notes')]
  for (let n = 0; n < 5; n++) anna.send(publication('notes', n))
  await hears(ben, 5)
  await store.delete(keyOf('notes'), one.clock.now())
  anna.send(publication('notes', 'perhaps'))
  // Once both have noticed.
  while (await heardOne() !== 'last') anna.send(publication('notes', 'last'))
  async function heardOne (): Promise<unknown> {
    await until(() => anna.received.length > 0)
    anna.received.length = 0
    return ben.received.splice(0).at(-1)?.data
  }
  await isSubscribed(ben, 'notes')
})

t.test('clients stay while the store does not respond, and what they sent comes later, once', async t => {
  let isAway = false
  const store = changed(sharedStore(), async operation => { if (isAway && operation !== 'close') throw new StoreError() })
  const { join } = await serve(t, { store })
  const [anna, ben] = [await join('notes'), await join('notes')]
  isAway = true
  for (let n = 0; n < 3; n++) anna.send(publication('notes', n))
  ben.send({ type: 'subscribe', topics: ['more'] })
  ben.send({ type: 'ping' })
  await ben.gets({ type: 'pong' })
  await new Promise(resolve => { setTimeout(resolve, 600) })
  isAway = false
  t.same(await hears(ben, 3), [0, 1, 2])
  await isSubscribed(ben, 'more')
})

t.test('a message whose storing fails for another reason ends its socket, and no other', async t => {
  let isBroken = false
  const store = changed(sharedStore(), async operation => { if (isBroken && operation === 'append') throw new Error('broken') })
  const { join } = await serve(t, { store })
  const [anna, ben] = [await join('notes'), await join('notes')]
  isBroken = true
  anna.send(publication('notes', 1))
  t.equal(await anna.closed(), 1011)
  isBroken = false
  await isSubscribed(ben, 'notes')
})

t.test('the end of the server does not wait for what clients still want', async t => {
  let isAway = false
  const store = changed(sharedStore(), async operation => { if (isAway && operation !== 'close') throw new StoreError() })
  const { app, join } = await serve(t, { store })
  const anna = await join('notes')
  isAway = true
  for (let n = 0; n < 10; n++) anna.send(publication('notes', n))
  anna.send({ type: 'ping' })
  await anna.gets({ type: 'pong' })
  await app.close()
  t.equal(await anna.closed(), 1001)
})
