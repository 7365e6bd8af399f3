import t from 'tap'
import { build, isProblem, json } from '../helpers/build.js'

const ways = [{ method: 'POST' as const, url: '/boxes' }, { method: 'GET' as const, url: '/box.php' }]

t.test('the host says who may create', async t => {
  const { app } = await build(t, {
    guardCreate: request => {
      if (request.headers.authorization !== 'Bearer ok') throw Object.assign(new Error('Log in first.'), { statusCode: 401, code: 'NO_LOGIN' })
    }
  })
  for (const way of ways) {
    const refused = await app.inject(way)
    t.equal(refused.statusCode, 401)
    t.equal(refused.headers['content-type'], 'application/problem+json; charset=utf-8')
    t.same(refused.json(), { type: 'about:blank', title: 'Unauthorized', status: 401, detail: 'Log in first.', code: 'NO_LOGIN' })
    t.match((await app.inject({ ...way, headers: { authorization: 'Bearer ok' } })).json(), { type: 'created' })
  }
})

t.test('a refusal without a status is 403', async t => {
  for (const thrown of [new Error(''), undefined, 'no', { statusCode: 500 }, Object.assign(new Error('x'), { statusCode: 302 })]) {
    const { app } = await build(t, { guardCreate: async () => { throw thrown } })
    for (const way of ways) t.match((await app.inject(way)).json(), { status: 403, title: 'Forbidden', code: 'HOST_REFUSED' })
  }
})

t.test('a host that answers for itself is not answered over, and no box is made', async t => {
  const { app } = await build(t, {
    maxStoreBytes: 512,
    guardCreate: async (request, reply) => { if (request.headers.authorization === undefined) await reply.code(401).send({ own: true }) }
  })
  for (const way of ways) {
    const answer = await app.inject(way)
    t.equal(answer.statusCode, 401)
    t.same(answer.json(), { own: true })
  }
  t.equal((await app.inject({ ...ways[0], headers: { authorization: 'x' } })).statusCode, 201, 'there is room for the one box')
})

t.test('it is asked for creating only, after the checks and the rate limit', async t => {
  let asked = 0
  const { app, createBox } = await build(t, { guardCreate: () => { asked++ }, rateLimit: { creates: 2 } })
  isProblem(t, await app.inject({ method: 'POST', url: '/boxes', ...json({ ttl: 0 }) }), 400, 'BOX_ERR_INVALID')
  t.equal(asked, 0)
  const box = await createBox()
  t.equal(asked, 1)
  isProblem(t, await app.inject({ url: '/box.php' }), 429, 'BOX_ERR_RATE')
  await box.store(1)
  await box.read()
  await app.inject({ url: `/box.php?box=${box.id}&msg=x` })
  await app.inject({ url: `/box.php?box=${box.id}` })
  t.equal(asked, 1)
})
