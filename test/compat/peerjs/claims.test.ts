import t from 'tap'
import { until } from '../../helpers/until.js'
import { changed, sharedStore, watchedStore } from '../stores.js'
import { anyone, boxesOf, serve } from './peers.js'

t.test('a claim of an earlier time does not give up the id of another peer', async t => {
  const boxes = boxesOf(t, sharedStore())
  const old = await boxes.claim('anna', 'hers', anyone)
  const newer = await boxes.claim('anna', 'hers', anyone)
  await boxes.release('anna', newer!)
  t.notOk(await boxes.isTaken('anna'))
  await boxes.claim('anna', 'of another', anyone)
  await boxes.release('anna', old!)
  t.ok(await boxes.isTaken('anna'))
  t.equal(await boxes.claim('anna', 'hers', anyone), undefined)
})

t.test('an id that changes hands while it is claimed is not taken', async t => {
  const kept = sharedStore()
  const others = boxesOf(t, kept)
  let appends = 0
  const store = changed(kept, async (operation, drop) => {
    if (operation !== 'append' || ++appends !== 3) return
    await kept.delete(drop, others.service.now())
    await others.claim('anna', 'of another', anyone)
  })
  t.equal(await boxesOf(t, store).claim('anna', 'hers', anyone), undefined)
  t.equal(appends, 4)
})

t.test('a socket survives a claim of another token, but not the loss of its id', async t => {
  const store = sharedStore()
  const { clock, connect, join } = await serve(t, { store })
  const anna = await join('anna', 'hers')
  const boxes = boxesOf(t, store, clock)
  await boxes.service.append(boxes.ownerOf('anna'), { text: '"stray"', bytes: 7 })
  t.match(await connect('anna', 'of another').next(), { type: 'ID-TAKEN' })
  anna.send({ type: 'OFFER', dst: 'anna', payload: 1 })
  await anna.gets({ type: 'OFFER', src: 'anna', dst: 'anna', payload: 1 })

  // As when Redis has lost its data, and another client is faster.
  await boxes.service.delete(boxes.ownerOf('anna'))
  await boxes.claim('anna', 'of another', anyone)
  await anna.gets({ type: 'ID-TAKEN', payload: { msg: 'ID is taken' } })
  t.equal(await anna.closed(), 1000)
  t.notOk(await boxes.claim('anna', 'hers', anyone))
})

t.test('of two sockets that take an id at the same time, the one that took it last remains', async t => {
  const kept = sharedStore()
  let release = () => {}
  const released = new Promise<void>(resolve => { release = resolve })
  let isHeld = false
  const store = changed(kept, async (_operation, drop) => {
    if (isHeld || !drop.startsWith('peer-mail')) return
    isHeld = true
    await released
  })
  const { connect, join } = await serve(t, { store })
  const first = connect('anna')
  await until(() => isHeld)
  const last = await join('anna')
  release()
  t.equal(await first.closed(), 1000)
  t.same(first.received, [])
  last.send({ type: 'OFFER', dst: 'anna', payload: 1 })
  await last.gets({ type: 'OFFER', src: 'anna', dst: 'anna', payload: 1 })
})

t.test('no message of another client keeps an id taken', async t => {
  const store = sharedStore()
  const [one, two] = [await serve(t, { store }), await serve(t, { store })]
  await one.join('anna', 'lost with her page')
  await one.app.close()
  const ben = await two.join('ben')
  for (let minute = 0; minute < 3; minute++) {
    for (const type of ['LEAVE', 'EXPIRE', 'OFFER']) ben.send({ type, dst: 'anna' })
    // Handled in order.
    ben.send({ type: 'OFFER', dst: 'ben', payload: minute })
    while ((await ben.next()).payload !== minute) { /* told that others have expired */ }
    await two.connect('anna', 'of another').next()
    two.clock.turn(40)
  }
  const next = two.connect('anna', 'new')
  t.match(await next.next(), { type: 'OPEN' })
})

t.test('an id is renewed more often than its messages are looked for', async t => {
  const { store, calls } = watchedStore()
  const { join } = await serve(t, { store, timeout: 2, expire: 1, soon: { silence: 60_000 } })
  await join('anna')
  const reads = (kind: string) => calls.filter(([operation, drop]) => operation === 'read' && drop.startsWith(`peer-${kind}`)).length
  await until(() => reads('mail') >= 4)
  t.ok(reads('owner') > reads('mail') + 2, `${reads('owner')} times, and ${reads('mail')} times`)
})
