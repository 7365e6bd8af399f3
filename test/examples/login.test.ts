import t from 'tap'
import { startServer } from './example.js'

t.test('only logged-in users create boxes, and anyone may store a message', async t => {
  const url = await startServer(t, 'login/server.js', { PASSWORD: 'secret' })
  const post = async (path: string, body?: object, cookie = '') => await fetch(url + path, {
    method: 'POST',
    headers: { cookie, ...body && { 'content-type': 'application/json' } },
    ...body && { body: JSON.stringify(body) }
  })

  const refused = await post('/signal/boxes')
  t.equal(refused.status, 401)
  t.match(await refused.json(), { status: 401, detail: 'Log in first.' })
  t.equal((await post('/login', { user: 'ada', password: 'guess' })).status, 401)
  t.equal((await post('/login', { user: 'ada' })).status, 400)

  const login = await post('/login', { user: 'ada', password: 'secret' })
  t.equal(login.status, 200)
  const [setCookie = ''] = login.headers.getSetCookie()
  t.match(setCookie, /^session=\S+;.*HttpOnly.*SameSite=Lax/)
  const session = setCookie.split(';')[0]!

  const created = await post('/signal/boxes', undefined, session)
  t.equal(created.status, 201)
  const { data: box, drop } = await created.json() as { data: string, drop: string }
  t.equal((await post(`/signal/boxes/${drop}/messages`, { text: 'call me' })).status, 200, 'a message needs no login')
  const messages = `${url}/signal/boxes/${box}/messages`
  t.equal((await fetch(messages)).status, 401, 'reading does')
  const read = await fetch(messages, { headers: { cookie: session } })
  t.match(await read.json(), { data: [{ text: 'call me' }] })
  t.equal((await post('/signal/boxes', undefined, `${session}x`)).status, 401, 'a session that was tampered with is none')
})

t.test('the server asks for a password in one line', async t => {
  await t.rejects(startServer(t, 'login/server.js'), /Set PASSWORD/)
})
