import t from 'tap'
import { errorTable } from '../../src/errors.js'
import { build, isProblem } from '../helpers/build.js'

const origin = 'https://app.example'

t.test('the type of every problem is a URL under the plugin\'s prefix that explains it', async t => {
  for (const prefix of ['', '/signal']) {
    const { app } = await build(t, { prefix })
    const pages = (await app.inject(`${prefix}/problems`)).json()
    t.same(pages.map(({ code }: { code: string }) => code), errorTable.map(({ code }) => code))
    for (const page of pages) {
      const answer = await app.inject(page.type)
      t.equal(answer.statusCode, 200, page.type)
      t.same(answer.json(), page)
      t.match(page, { title: /\S/, detail: /\.$/ })
      t.notMatch(page.detail, '%s')
    }
    const { type } = (await app.inject(`${prefix}/boxes/none/messages`)).json()
    t.equal(type, `${prefix}/problems/not-found`)
    t.match((await app.inject(type)).json(), { type, code: 'BOX_ERR_NOT_FOUND', status: 404 })
    for (const name of ['other', 'x'.repeat(101), 'x'.repeat(1000)]) isProblem(t, await app.inject(`${prefix}/problems/${name}`), 404, 'BOX_ERR_NO_ROUTE')
    isProblem(t, await app.inject({ method: 'POST', url: `${prefix}/problems` }), 405, 'BOX_ERR_METHOD')
  }
})

t.test('pages may read the contract and the problem pages if cors allows their origin', async t => {
  const { app } = await build(t)
  for (const url of ['/openapi.json', '/openapi-3.0.json', '/problems', '/problems/full']) {
    const { statusCode, headers } = await app.inject({ url, headers: { origin } })
    t.equal(statusCode, 200)
    t.match(headers, { 'access-control-allow-origin': '*', 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' }, url)
    t.equal((await app.inject({ method: 'OPTIONS', url, headers: { origin, 'access-control-request-method': 'GET' } })).statusCode, 204)
  }
  const closed = await build(t, { cors: false })
  t.notOk('access-control-allow-origin' in (await closed.app.inject({ url: '/openapi.json', headers: { origin } })).headers)
  const named = await build(t, { cors: [origin] })
  t.equal((await named.app.inject({ url: '/openapi.json', headers: { origin } })).headers['access-control-allow-origin'], origin)
})
