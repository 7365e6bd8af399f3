import t from 'tap'
import { build, isProblem } from '../../helpers/build.js'

t.test('reading removes nothing, and continues from a cursor', async t => {
  const { createBox } = await build(t)
  const box = await createBox()
  t.same((await box.read()).json(), { type: 'msgs', data: [], next: 0 })
  for (const value of ['a', 'b', 'c', 'd']) await box.store(value)
  const answer = await box.read()
  t.equal(answer.statusCode, 200)
  t.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
  t.same(answer.json(), { type: 'msgs', data: ['a', 'b', 'c', 'd'], next: 4 })
  t.same((await box.read('?after=2')).json(), { type: 'msgs', data: ['c', 'd'], next: 4 })
  t.same((await box.read('?after=0&limit=2')).json(), { type: 'msgs', data: ['a', 'b'], next: 2 })
  t.same((await box.read('?after=1&limit=1&wait=0')).json(), { type: 'msgs', data: ['b'], next: 2 })
  t.same((await box.read('?after=4')).json(), { type: 'msgs', data: [], next: 4 })
  t.same((await box.read()).json().data.length, 4)
})

t.test('a read returns 100 messages by default, and at most 1,000', async t => {
  const { createBox } = await build(t, { maxMessages: 2000 })
  const box = await createBox()
  for (let i = 1; i <= 1100; i++) await box.store(i)
  t.same((await box.read()).json().next, 100)
  t.same((await box.read('?limit=1000')).json().next, 1000)
  t.same((await box.read('?after=1000&limit=1000')).json(), { type: 'msgs', data: Array.from({ length: 100 }, (_, i) => i + 1001), next: 1100 })
})

t.test('a cursor ahead of the box is refused, never a silent restart', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  await box.store('a')
  isProblem(t, await box.read('?after=2'), 409, 'BOX_ERR_CURSOR')
  isProblem(t, await box.read('?after=2&wait=5'), 409, 'BOX_ERR_CURSOR')
  await app.inject({ method: 'DELETE', url: box.messages })
  t.same((await box.read('?after=1')).json(), { type: 'msgs', data: [], next: 1 })
})

t.test('query parameters are decimal integers within their bounds, each given once', async t => {
  const { createBox } = await build(t)
  const box = await createBox()
  await box.store('a')
  for (const name of ['after', 'limit', 'wait']) {
    for (const value of ['', '%20', 'a', '-1', '+1', '1.0', '1.5', '1e2', '0x1', '01', ' 1', '1 ', '9007199254740992', '99999999999999999999', 'true', 'null', 'Infinity', '1&after=1&limit=1&wait=1']) {
      isProblem(t, await box.read(`?${name}=${encodeURI(value)}`), 400, 'BOX_ERR_INVALID')
    }
    isProblem(t, await box.read(`?${name}[]=1`), 400, 'BOX_ERR_INVALID')
    isProblem(t, await box.read(`?${name}`), 400, 'BOX_ERR_INVALID')
    isProblem(t, await box.read(`?${name}=1&${name}=1`), 400, 'BOX_ERR_INVALID')
  }
  for (const query of ['?limit=0', '?limit=1001', '?wait=61', '?x=1', '?after=0&After=1', '?__proto__=1', '?constructor=1', '?__proto__[after]=1']) {
    isProblem(t, await box.read(query), 400, 'BOX_ERR_INVALID')
  }
  t.equal((await box.read('?after=%30&limit=1')).statusCode, 200)
})

t.test('the media type is negotiated', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  const typeFor = async (accept: string) => {
    // By HEAD, since a stream would not end.
    const answer = await app.inject({ method: 'HEAD', url: box.messages, headers: { accept } })
    t.equal(answer.headers.vary, 'Accept')
    return answer.statusCode === 200 ? String(answer.headers['content-type']).split(';')[0] : answer.statusCode
  }
  for (const accept of ['', '*/*', 'application/json', 'application/*', 'text/html, application/json;q=0.1', 'text/event-stream;q=0.5, */*', 'application/json, text/event-stream', 'text/event-stream;q=0, */*']) {
    t.equal(await typeFor(accept), 'application/json', accept)
  }
  for (const accept of ['text/event-stream', 'text/*', 'TEXT/EVENT-STREAM', 'text/event-stream, application/json', 'text/event-stream, */*;q=0.1', 'application/json;q=0, */*']) {
    t.equal(await typeFor(accept), 'text/event-stream', accept)
  }
  for (const accept of ['text/html', 'application/xml, image/*', 'application/json;q=0', 'nonsense']) {
    t.equal(await typeFor(accept), 406, accept)
    isProblem(t, await app.inject({ url: box.messages, headers: { accept } }), 406, 'BOX_ERR_NOT_ACCEPTABLE')
  }
  const long = (length: number) => 'text/event-stream,'.padEnd(length - 3, 'a/b,') + '*/*'
  t.equal(await typeFor(long(1024)), 'text/event-stream')
  isProblem(t, await app.inject({ url: box.messages, headers: { accept: long(1025) } }), 406, 'BOX_ERR_NOT_ACCEPTABLE')
})
