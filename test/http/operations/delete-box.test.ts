import t from 'tap'
import { build, isProblem } from '../../helpers/build.js'

t.test('a deleted box is gone, and so is its drop address', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  await box.store('a')
  const answer = await app.inject({ method: 'DELETE', url: box.url })
  t.equal(answer.statusCode, 204)
  t.equal(answer.body, '')
  isProblem(t, await app.inject({ method: 'DELETE', url: box.url }), 404, 'BOX_ERR_NOT_FOUND')
  isProblem(t, await box.read(), 404, 'BOX_ERR_NOT_FOUND')
  isProblem(t, await box.store('b'), 404, 'BOX_ERR_NOT_FOUND')
})

t.test('it accepts no query parameters', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  isProblem(t, await app.inject({ method: 'DELETE', url: `${box.url}?x=1` }), 400, 'BOX_ERR_INVALID')
  t.equal((await box.read()).statusCode, 200)
})
