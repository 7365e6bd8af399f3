import type { FastifyServerOptions } from 'fastify'
import t from 'tap'
import { memoryStore } from '../../src/store/memory.js'
import { build, json, jsonText } from '../helpers/build.js'

const CANARY = 'canary-7f3a'

function logged () {
  const lines: string[] = []
  const server: FastifyServerOptions = { logger: { level: 'trace', stream: { write: line => { lines.push(line) } } } }
  return { lines, server }
}

t.test('no capability or message appears in a log line, or in a response that was not asked for it', async t => {
  const { lines, server } = logged()
  const store = memoryStore()
  let broken = false
  const append = store.append.bind(store)
  store.append = async (...args) => {
    if (broken) throw new Error('the store broke')
    return append(...args)
  }
  const { app, createBox } = await build(t, { server, store, prefix: '/p', maxMessages: 2, maxMessageBytes: 100, rateLimit: { creates: 3 } })
  const box = await createBox()
  const secret = new RegExp([box.id, box.drop, box.id.slice(4), box.drop.slice(5), CANARY].join('|'))
  const ids = [box.id, box.drop, `${box.id}x`, `${box.id}%20`]
  const answers = []
  for (const id of ids) {
    const messages = `/p/boxes/${id}/messages`
    const cursor = `/p/boxes/${id}/cursor`
    for (const request of [
      { url: `${messages}?after=7` }, { url: `${messages}?${CANARY}=${id}` }, { url: `${messages}?after=${CANARY}` },
      { url: messages, headers: { accept: CANARY } }, { url: messages, headers: { 'last-event-id': CANARY } },
      { method: 'HEAD' as const, url: messages }, { method: 'OPTIONS' as const, url: messages }, { method: 'PATCH' as const, url: messages },
      { method: 'PROPFIND' as 'GET', url: messages },
      { method: 'POST' as const, url: messages, ...json(CANARY) },
      { method: 'POST' as const, url: messages, ...json(`${CANARY}${'x'.repeat(100)}`) },
      { method: 'POST' as const, url: messages, ...jsonText(`{${CANARY}`) },
      { method: 'POST' as const, url: messages, headers: { 'content-type': `text/${CANARY}` }, payload: 'x' },
      { method: 'POST' as const, url: messages, headers: { 'content-type': 'text/plain', 'idempotency-key': `${CANARY} ${id}` }, payload: 'x' },
      { method: 'PUT' as const, url: cursor, ...json({ after: 7 }) }, { method: 'PUT' as const, url: cursor, ...json({ [CANARY]: id }) },
      { method: 'PUT' as const, url: cursor, ...json({ after: id }) },
      { url: `/p/boxes/${id}` }, { url: `/p/boxes/${id}/${CANARY}` }, { url: `/p/boxes/${CANARY}${'x'.repeat(200)}/messages` },
      { url: `/p/box.php?box=${id}&msg=${CANARY}` }, { url: `/p/box.php/?box=${id}&msg=${CANARY}&msg=${CANARY}` }, { method: 'HEAD' as const, url: `/p/box.php?box=${id}` },
      { url: `/p/box.php?box=${id}`, headers: { 'sec-purpose': 'prefetch' } }, { method: 'POST' as const, url: `/p/box.php?box=${id}&msg=${CANARY}` },
      { method: 'POST' as const, url: '/p/streams', ...json({ boxes: [{ id: id === box.id ? `${id}x` : id }] }) },
      { method: 'POST' as const, url: '/p/streams', ...json({ boxes: [{ id, after: 7 }] }) }, { method: 'POST' as const, url: '/p/streams', ...json({ boxes: [{ id, [CANARY]: id }] }) },
      { url: `/p/boxes/${id}/ice-servers` }, { url: `/p/boxes/${id}/ice-servers?x=${CANARY}` }
    ]) answers.push(await app.inject({ headers: { referer: `http://x/${id}` }, ...request }))
  }
  broken = true
  answers.push(await app.inject({ method: 'POST', url: box.messages, ...json(CANARY) }))
  answers.push(await app.inject({ url: `/p/box.php?box=${box.id}&msg=${CANARY}` }))
  t.ok(answers.some(answer => answer.statusCode === 500))

  for (const answer of answers) {
    const { req } = answer.raw
    const said = JSON.stringify(answer.headers) + answer.body
    if (secret.test(said)) t.fail(`said by ${req.method} ${req.url}`, { said })
  }
  const leaks = lines.filter(line => secret.test(line))
  t.same(leaks, [])
  t.ok(lines.length > answers.length)

  // What the test looks for would be found.
  t.match((await app.inject({ url: box.messages })).body, secret)
})

t.test('an internal error reveals nothing in the response, and everything in the log', async t => {
  const { lines, server } = logged()
  const store = memoryStore()
  store.read = async () => { throw new Error(`${CANARY} at /etc/secret`) }
  const { createBox } = await build(t, { server, store })
  const answer = await (await createBox()).read()
  t.equal(answer.statusCode, 500)
  t.same(answer.json(), {
    type: '/problems/internal',
    title: 'Internal error',
    status: 500,
    detail: 'The server could not handle the request. Try again; the cause is in the server log.',
    code: 'BOX_ERR_INTERNAL'
  })
  t.ok(lines.some(line => line.includes(CANARY)))
})

t.test('a request is logged by its route, not its URL', async t => {
  const { lines, server } = logged()
  const { app, createBox } = await build(t, { server, prefix: '/p' })
  const box = await createBox()
  await box.read('?after=0')
  await app.inject({ url: `/p/box.php?box=${box.id}` })
  const logged1 = lines.map(line => JSON.parse(line)).filter(line => line.req !== undefined).map(line => line.req)
  t.same(logged1, [
    { method: 'POST', url: '/p/boxes', remoteAddress: '127.0.0.1' },
    { method: 'GET', url: '/p/boxes/:box/messages', remoteAddress: '127.0.0.1' },
    { method: 'GET', url: '/p/box.php', remoteAddress: '127.0.0.1' }
  ])
})
