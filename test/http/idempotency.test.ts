import t from 'tap'
import { build, isProblem } from '../helpers/build.js'

const withKey = (key: string, payload = '"a"', type = 'application/json') =>
  ({ method: 'POST' as const, headers: { 'content-type': type, 'idempotency-key': key }, payload })

t.test('the same key and body returns the first ack again and stores nothing', async t => {
  const { app, createBox } = await build(t, { maxMessages: 2 })
  const box = await createBox()
  const first = await app.inject({ url: box.messages, ...withKey('k1') })
  t.same(first.json(), { type: 'ack', data: 1, seq: 1 })
  await box.store('b')
  const again = await app.inject({ url: box.messages, ...withKey('k1') })
  t.equal(again.statusCode, 200, 'also where the box is full by now')
  t.same(again.json(), first.json())
  await app.inject({ method: 'DELETE', url: box.messages })
  t.same((await app.inject({ url: box.messages, ...withKey('k1') })).json(), first.json(), 'also after a drain')
  t.same((await box.read()).json().data, [])
})

t.test('a key with a different body is refused, and a key belongs to one box', async t => {
  const { app, createBox } = await build(t)
  const [box, other] = [await createBox(), await createBox()]
  await app.inject({ url: box.messages, ...withKey('k1') })
  isProblem(t, await app.inject({ url: box.messages, ...withKey('k1', '"b"') }), 422, 'BOX_ERR_IDEMPOTENCY')
  isProblem(t, await app.inject({ url: box.messages, ...withKey('k1', ' "a"') }), 422, 'BOX_ERR_IDEMPOTENCY')
  t.same((await app.inject({ url: box.messages, ...withKey('k2', '"b"') })).json(), { type: 'ack', data: 2, seq: 2 })
  t.same((await app.inject({ url: other.messages, ...withKey('k1', '"b"') })).json(), { type: 'ack', data: 1, seq: 1 })
  t.same((await app.inject({ url: `/boxes/${box.drop}/messages`, ...withKey('k1') })).json(), { type: 'ack', data: 1, seq: 1 }, 'by either capability')
})

t.test('a refused message leaves its key free', async t => {
  const { app, createBox } = await build(t, { maxMessages: 1 })
  const box = await createBox()
  await box.store('first')
  isProblem(t, await app.inject({ url: box.messages, ...withKey('k1') }), 409, 'BOX_ERR_FULL')
  await app.inject({ method: 'DELETE', url: box.messages })
  t.same((await app.inject({ url: box.messages, ...withKey('k1') })).json(), { type: 'ack', data: 1, seq: 2 })
})

t.test('a key is 1 to 64 visible ASCII characters', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  for (const key of ['!', '~', 'k'.repeat(64), '"quoted"', '__proto__', 'constructor']) {
    t.equal((await app.inject({ url: box.messages, ...withKey(key) })).statusCode, 200, key)
  }
  for (const key of ['', 'k'.repeat(65), 'a b', 'a\tb', 'é']) {
    const refused = await app.inject({ url: box.messages, ...withKey(key) })
    isProblem(t, refused, 400, 'BOX_ERR_INVALID')
    t.equal(refused.json().detail, 'Correct the request: headers.idempotency-key: expected 1 to 64 visible ASCII characters.')
  }
  t.equal((await box.read()).json().data.length, 6)
})

t.test('the latest 1,024 keys are kept', async t => {
  const { app, createBox } = await build(t, { maxMessages: 2000 })
  const box = await createBox()
  for (let i = 1; i <= 1025; i++) await app.inject({ url: box.messages, ...withKey(`k${i}`) })
  t.equal((await app.inject({ url: box.messages, ...withKey('k2') })).json().seq, 2)
  t.equal((await app.inject({ url: box.messages, ...withKey('k1') })).json().seq, 1026)
})

t.test('a key sent many times at once stores one message', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  const answers = await Promise.all(Array.from({ length: 20 }, () => app.inject({ url: box.messages, ...withKey('k1') })))
  for (const answer of answers) t.same(answer.json(), { type: 'ack', data: 1, seq: 1 })
})
