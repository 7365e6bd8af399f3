import t from 'tap'
import { build, json } from '../helpers/build.js'
import { openStream, watchedStore } from '../helpers/stream-reader.js'

t.test('closing ends streams and long-polls at once, and finishes the POST requests in flight', async t => {
  const watch = watchedStore()
  const { app, createBox } = await build(t, { store: watch.store, maxWaiters: 1000 })
  const box = await createBox()
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const streams = await Promise.all(Array.from({ length: 100 }, () => openStream(t, origin + box.messages)))
  const polls = Array.from({ length: 20 }, () => fetch(`${origin}${box.messages}?wait=60`))
  await watch.until(120)

  const { append } = watch.store
  let finish = (): void => {}
  const accepted = new Promise<void>(resolve => {
    let count = 0
    const finished = new Promise<void>(resolve => { finish = resolve })
    watch.store.append = async (...args) => {
      if (++count === 5) resolve()
      await finished
      return append.apply(watch.store, args)
    }
  })
  const posts = Array.from({ length: 5 }, (_, i) => fetch(origin + box.messages, { method: 'POST', headers: { 'content-type': 'application/json' }, body: String(i) }))
  await accepted

  const start = Date.now()
  const closing = app.close()
  for (const stream of streams) t.same((await stream.untilEnd()).events, [], 'no gone: the box is not gone')
  for (const poll of polls) t.same(await (await poll).json(), { type: 'msgs', data: [], next: 0 })
  t.equal(watch.open, 0)
  finish()
  const answers = await Promise.all(posts)
  t.same(answers.map(answer => answer.status), [200, 200, 200, 200, 200])
  t.same((await Promise.all(answers.map(async answer => (await answer.json() as { seq: number }).seq))).sort(), [1, 2, 3, 4, 5])
  await closing
  t.ok(Date.now() - start < 10_000)
})

t.test('closing twice, or before being ready, is harmless', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  await app.inject({ method: 'POST', url: box.messages, ...json(1) })
  await Promise.all([app.close(), app.close()])
})
