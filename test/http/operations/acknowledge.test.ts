import t from 'tap'
import { build, isProblem, json, jsonText } from '../../helpers/build.js'

t.test('messages up to the cursor are deleted, and no others', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  for (const value of ['a', 'b', 'c']) await box.store(value)
  const acknowledge = async (after: number) => {
    const answer = await app.inject({ method: 'PUT', url: `${box.url}/cursor`, ...json({ after }) })
    t.equal(answer.statusCode, 200)
    return answer.json()
  }
  t.same(await acknowledge(0), { type: 'ack', data: 3 })
  t.same(await acknowledge(2), { type: 'ack', data: 1 })
  t.same((await box.read()).json(), { type: 'msgs', data: ['c'], next: 3 })
  t.same(await acknowledge(2), { type: 'ack', data: 1 }, 'again changes nothing')
  t.same(await acknowledge(1), { type: 'ack', data: 1 }, 'an earlier cursor changes nothing')
  t.same(await acknowledge(3), { type: 'ack', data: 0 })
  t.same((await box.store('d')).json(), { type: 'ack', data: 1, seq: 4 }, 'numbers are not used again')
})

t.test('a cursor ahead of the box is refused, and nothing is deleted', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  await box.store('a')
  isProblem(t, await app.inject({ method: 'PUT', url: `${box.url}/cursor`, ...json({ after: 2 }) }), 409, 'BOX_ERR_CURSOR')
  isProblem(t, await app.inject({ method: 'PUT', url: `${box.url}/cursor`, ...json({ after: Number.MAX_SAFE_INTEGER }) }), 409, 'BOX_ERR_CURSOR')
  t.same((await box.read()).json().data, ['a'])
})

t.test('a cursor must be an integer', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  await box.store('a')
  const bodies = [
    '', '{}', '{"after":"1"}', '{"after":true}', '{"after":[1]}', '{"after":null}', '{"after":-1}', '{"after":0.5}', '{"after":1e999}',
    '{"after":9007199254740993}', '{"after":1,"more":1}', '{"__proto__":{"after":1}}', '[1]', '1', 'null'
  ]
  for (const body of bodies) {
    isProblem(t, await app.inject({ method: 'PUT', url: `${box.url}/cursor`, ...jsonText(body) }), 400, 'BOX_ERR_INVALID')
  }
  isProblem(t, await app.inject({ method: 'PUT', url: `${box.url}/cursor?after=1`, ...json({ after: 1 }) }), 400, 'BOX_ERR_INVALID')
  isProblem(t, await app.inject({ method: 'PUT', url: `${box.url}/cursor`, headers: { 'content-type': 'text/plain' }, payload: '1' }), 415, 'BOX_ERR_MEDIA_TYPE')
  isProblem(t, await app.inject({ method: 'PUT', url: `${box.url}/cursor`, ...jsonText(`{"after":1${' '.repeat(1024)}}`) }), 413, 'BOX_ERR_TOO_LARGE')
  t.same((await box.read()).json().data, ['a'])
})

t.test('an acknowledgement without a body is 400, not 500', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  isProblem(t, await app.inject({ method: 'PUT', url: `${box.url}/cursor` }), 400, 'BOX_ERR_INVALID')
})
