import t from 'tap'
import { build, isProblem } from '../../helpers/build.js'

t.test('a drain takes everything out, once', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  const drain = async () => {
    const answer = await app.inject({ method: 'DELETE', url: box.messages })
    t.equal(answer.statusCode, 200)
    t.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
    return answer.json()
  }
  t.same(await drain(), { type: 'msgs', data: [], next: 0 })
  await box.store('a')
  await box.store({ b: 1 })
  t.same(await drain(), { type: 'msgs', data: ['a', { b: 1 }], next: 2 })
  t.same(await drain(), { type: 'msgs', data: [], next: 2 })
  t.same((await box.store('c')).json(), { type: 'ack', data: 1, seq: 3 })
})

t.test('concurrent drains share the messages without duplicates', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  for (let i = 0; i < 50; i++) await box.store(i)
  const drains = await Promise.all(Array.from({ length: 10 }, () => app.inject({ method: 'DELETE', url: box.messages })))
  t.same(drains.flatMap(answer => answer.json().data), Array.from({ length: 50 }, (_, i) => i))
})

t.test('it accepts no query parameters', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  await box.store('a')
  isProblem(t, await app.inject({ method: 'DELETE', url: `${box.messages}?after=1` }), 400, 'BOX_ERR_INVALID')
  t.same((await box.read()).json().data, ['a'])
})
