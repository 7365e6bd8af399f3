import t from 'tap'
import { BOX_ID } from '../../../src/box/capability.js'
import { build, isProblem } from '../../helpers/build.js'

t.test('it creates, stores and drains as the original script did', async t => {
  const { app } = await build(t)
  const created = await app.inject({ url: '/box.php' })
  t.equal(created.statusCode, 200)
  t.equal(created.headers['content-type'], 'application/json; charset=utf-8')
  const { type, data: box } = created.json()
  t.equal(type, 'created')
  t.match(box, new RegExp(BOX_ID))
  t.equal((await app.inject({ url: `/box.php?box=${box}&msg=Hello` })).body, '{"type":"ack","data":1}')
  t.equal((await app.inject({ url: `/box.php?box=${box}&msg=42` })).body, '{"type":"ack","data":2}')
  const drained = await app.inject({ url: `/box.php?box=${box}` })
  t.equal(drained.headers['content-type'], 'application/json; charset=utf-8')
  t.equal(drained.body, '{"type":"msgs","data":["Hello","42"]}')
  t.equal((await app.inject({ url: `/box.php?box=${box}` })).body, '{"type":"msgs","data":[]}')
})

t.test('an empty parameter counts as missing, with and without a trailing slash', async t => {
  const { app } = await build(t, { prefix: '/p' })
  for (const path of ['/p/box.php', '/p/box.php/']) {
    for (const query of ['', '?', '?box=', '?box', '?box=&msg=', '?msg=ignored', '?_=1763812800']) {
      t.equal((await app.inject({ url: path + query })).json().type, 'created', path + query)
    }
    const { data: box } = (await app.inject({ url: path })).json()
    t.equal((await app.inject({ url: `${path}?box=${box}&msg=a%20b+c&_=1` })).json().data, 1)
    for (const query of [`?box=${box}&msg=`, `?box=${box}&msg`, `?msg=&box=${box}`]) t.equal((await app.inject({ url: path + query })).json().type, 'msgs')
  }
})

t.test('a text is returned unchanged, whatever it looks like', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  const texts = ['true', '0', '1e999', '{"a":1}', 'a&b=c#d', 'é 👋\n"', '__proto__', ' ']
  for (const msg of texts) t.equal((await app.inject({ url: '/box.php', query: { box: box.drop, msg } })).statusCode, 200)
  t.same((await app.inject({ url: `/box.php?box=${box.id}` })).json().data, texts)
})

t.test('messages stored by the other operations are drained too', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  await box.store({ b: 1 })
  t.equal((await app.inject({ url: `/box.php?box=${box.id}` })).body, '{"type":"msgs","data":[{"b":1}]}')
})

t.test('a drop address can store but not drain', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  t.equal((await app.inject({ url: `/box.php?box=${box.drop}&msg=x` })).json().data, 1)
  isProblem(t, await app.inject({ url: `/box.php?box=${box.drop}` }), 403, 'BOX_ERR_DROP_ONLY')
  t.same((await box.read()).json().data, ['x'])
})

t.test('an unknown id never creates a box', async t => {
  const { app } = await build(t)
  for (const id of ['mine', '0', ' ', `box_${'A'.repeat(32)}`, `drop_${'A'.repeat(32)}`]) {
    isProblem(t, await app.inject({ url: '/box.php', query: { box: id, msg: 'x' } }), 404, 'BOX_ERR_NOT_FOUND')
    isProblem(t, await app.inject({ url: '/box.php', query: { box: id.replace('drop', 'box') } }), 404, 'BOX_ERR_NOT_FOUND')
  }
})

t.test('repeated parameters are refused', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  for (const query of [`box=${box.id}&box=${box.id}`, `box=${box.id}&msg=a&msg=b`, 'box=&box=', `box=${box.id}&msg=&msg=`]) {
    isProblem(t, await app.inject({ url: `/box.php?${query}` }), 400, 'BOX_ERR_INVALID')
  }
  await box.store('a')
  t.same((await box.read()).json().data, ['a'])
})

t.test('a prefetch is refused and changes nothing', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  await box.store('a')
  for (const headers of [{ 'sec-purpose': 'prefetch' }, { 'sec-purpose': 'prefetch;prerender' }, { purpose: 'prefetch' }, { 'x-moz': 'prefetch' }]) {
    isProblem(t, await app.inject({ url: `/box.php?box=${box.id}`, headers }), 403, 'BOX_ERR_PREFETCH')
    isProblem(t, await app.inject({ url: '/box.php/', headers }), 403, 'BOX_ERR_PREFETCH')
  }
  t.same((await app.inject({ url: `/box.php?box=${box.id}` })).json().data, ['a'])
})

t.test('it supports only GET', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  await box.store('a')
  for (const path of ['/box.php', '/box.php/']) {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE'] as const) {
      const answer = await app.inject({ method, url: `${path}?box=${box.id}` })
      isProblem(t, answer, 405, 'BOX_ERR_METHOD')
      t.equal(answer.headers.allow, 'GET')
    }
    const head = await app.inject({ method: 'HEAD', url: `${path}?box=${box.id}` })
    t.match(head, { statusCode: 405, headers: { allow: 'GET' }, body: '' })
  }
  t.same((await box.read()).json().data, ['a'])
})

t.test('a message larger than maxMessageBytes is refused, and so is one for a full box', async t => {
  const { app, createBox } = await build(t, { maxMessageBytes: 10, maxMessages: 1 })
  const box = await createBox()
  isProblem(t, await app.inject({ url: '/box.php', query: { box: box.id, msg: 'é'.repeat(6) } }), 413, 'BOX_ERR_TOO_LARGE')
  t.equal((await app.inject({ url: '/box.php', query: { box: box.id, msg: 'é'.repeat(5) } })).statusCode, 200)
  isProblem(t, await app.inject({ url: '/box.php', query: { box: box.id, msg: 'b' } }), 409, 'BOX_ERR_FULL')
})

t.test('classicPath moves or disables it', async t => {
  const moved = await build(t, { classicPath: '/legacy/box.cgi' })
  t.equal((await moved.app.inject({ url: '/legacy/box.cgi' })).json().type, 'created')
  t.equal((await moved.app.inject({ url: '/legacy/box.cgi/' })).json().type, 'created')
  t.equal((await moved.app.inject({ url: '/box.php' })).statusCode, 404)
  const off = await build(t, { classicPath: false })
  t.equal((await off.app.inject({ url: '/box.php' })).statusCode, 404)
  t.equal((await off.app.inject({ method: 'POST', url: '/boxes' })).statusCode, 201)
})
