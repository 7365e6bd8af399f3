import t from 'tap'
import { build, isProblem, json, type TestBox } from '../helpers/build.js'

t.test('a box expires after its TTL without use, and not before', async t => {
  const { clock, createBox } = await build(t)
  const box = await createBox({ ttl: 60 })
  await box.store('a')
  clock.turn(59.999)
  t.same((await box.read()).json().data, ['a'])
  clock.turn(60)
  isProblem(t, await box.read(), 404, 'BOX_ERR_NOT_FOUND')
})

t.test('every use by either capability renews it', async t => {
  const { app, clock, createBox } = await build(t, { maxWait: 0 })
  const uses: Record<string, (box: TestBox) => Promise<{ statusCode: number }>> = {
    'store by drop address': box => box.store(1),
    'store by box id': box => app.inject({ method: 'POST', url: box.messages, ...json(1) }),
    read: box => box.read(),
    'empty long-poll': box => box.read('?wait=1'),
    HEAD: box => app.inject({ method: 'HEAD', url: box.messages }),
    acknowledge: box => app.inject({ method: 'PUT', url: `${box.url}/cursor`, ...json({ after: 0 }) }),
    drain: box => app.inject({ method: 'DELETE', url: box.messages }),
    'classic store': box => app.inject({ url: `/box.php?box=${box.drop}&msg=x` }),
    'classic drain': box => app.inject({ url: `/box.php?box=${box.id}` })
  }
  for (const [name, use] of Object.entries(uses)) {
    const box = await createBox({ ttl: 100 })
    for (let i = 0; i < 3; i++) {
      clock.turn(80)
      t.equal((await use(box)).statusCode, 200, name)
    }
    clock.turn(100)
    t.equal((await use(box)).statusCode, 404, name)
  }
})

t.test('a renewal is late by at most an eighth of the TTL', async t => {
  const { clock, createBox } = await build(t)
  const box = await createBox({ ttl: 80 })
  clock.turn(9.999)
  await box.read()
  clock.turn(70.001)
  isProblem(t, await box.read(), 404, 'BOX_ERR_NOT_FOUND')
  const renewed = await createBox({ ttl: 80 })
  clock.turn(10.001)
  await renewed.read()
  clock.turn(79.999)
  t.equal((await renewed.read()).statusCode, 200)
})

t.test('a use that fails its checks renews nothing', async t => {
  const { app, clock, createBox } = await build(t)
  const box = await createBox({ ttl: 60 })
  clock.turn(50)
  isProblem(t, await box.read('?limit=0'), 400, 'BOX_ERR_INVALID')
  isProblem(t, await app.inject({ url: `/boxes/${box.drop}/messages` }), 403, 'BOX_ERR_DROP_ONLY')
  clock.turn(10)
  isProblem(t, await box.read(), 404, 'BOX_ERR_NOT_FOUND')
})

t.test('a clock that jumps back loses nothing', async t => {
  const { clock, createBox } = await build(t)
  const box = await createBox({ ttl: 60 })
  await box.store('a')
  clock.turn(-86_400)
  t.same((await box.read()).json().data, ['a'])
  clock.turn(86_400)
  t.same((await box.read()).json().data, ['a'])
})

t.test('malformed, unknown, expired and deleted boxes all look the same', async t => {
  const { app, clock, createBox } = await build(t)
  const [expired, deleted] = [await createBox({ ttl: 1 }), await createBox()]
  clock.turn(1)
  await app.inject({ method: 'DELETE', url: deleted.url })
  const unknown = 'A'.repeat(32)
  const ids = [expired.id, deleted.id, `box_${unknown}`, 'box_', 'box_%00', `Box_${unknown}`, `box_${unknown}A`, `box_${'A'.repeat(31)}`, `box_${'A'.repeat(31)}+`, '__proto__', '..%2F', `box_${unknown}%20`, 'é']
  const requests = (id: string) => [
    { url: `/boxes/${id}/messages` },
    { url: `/boxes/${id}/messages?wait=1` },
    { url: `/boxes/${id}/messages`, headers: { accept: 'text/event-stream' } },
    { method: 'POST' as const, url: `/boxes/${id}/messages`, ...json(1) },
    { method: 'PUT' as const, url: `/boxes/${id}/cursor`, ...json({ after: 0 }) },
    { method: 'DELETE' as const, url: `/boxes/${id}/messages` },
    { method: 'DELETE' as const, url: `/boxes/${id}` },
    { url: `/box.php?box=${id}` },
    { url: `/box.php?box=${id}&msg=x` }
  ]
  const bodies = new Set<string>()
  for (const id of ids) {
    for (const request of requests(encodeURI(decodeURI(id)))) {
      const answer = await app.inject(request)
      isProblem(t, answer, 404, 'BOX_ERR_NOT_FOUND')
      bodies.add(answer.body)
    }
  }
  for (const drop of [expired.drop, deleted.drop, `drop_${unknown}`]) {
    const answer = await app.inject({ method: 'POST', url: `/boxes/${drop}/messages`, ...json(1) })
    isProblem(t, answer, 404, 'BOX_ERR_NOT_FOUND')
    bodies.add(answer.body)
  }
  t.equal(bodies.size, 1)
})

t.test('a drop address can only store, and a refusal does not reveal whether the box exists', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  for (const drop of [box.drop, `drop_${'A'.repeat(32)}`]) {
    for (const request of [
      { url: `/boxes/${drop}/messages` },
      { method: 'HEAD' as const, url: `/boxes/${drop}/messages` },
      { url: `/boxes/${drop}/messages`, headers: { accept: 'text/event-stream' } },
      { method: 'PUT' as const, url: `/boxes/${drop}/cursor`, ...json({ after: 0 }) },
      { method: 'DELETE' as const, url: `/boxes/${drop}/messages` },
      { method: 'DELETE' as const, url: `/boxes/${drop}` },
      { url: `/box.php?box=${drop}` }
    ]) {
      const answer = await app.inject(request)
      if (request.method === 'HEAD') t.equal(answer.statusCode, 403)
      else isProblem(t, answer, 403, 'BOX_ERR_DROP_ONLY')
    }
  }
})
