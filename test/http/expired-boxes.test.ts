import t, { type Test } from 'tap'
import { lmdbStore } from '../../src/store/lmdb/lmdb-store.js'
import { memoryStore } from '../../src/store/memory.js'
import { build, isProblem } from '../helpers/build.js'
import { freshDirectory } from '../store/directory.js'

for (const [name, makeStore] of [['memory', async () => memoryStore()], ['LMDB', (t: Test) => lmdbStore({ path: freshDirectory(t) })]] as const) {
  t.test(`${name}: a store full of expired boxes accepts new boxes and messages at once`, async t => {
    const { app, clock, createBox } = await build(t, { store: await makeStore(t), maxStoreBytes: 1_000_000, maxMessageBytes: 500_000, ttl: 60 })
    const create = () => app.inject({ method: 'POST', url: '/boxes' })
    const kept = await createBox({ ttl: 100 })
    let made = 0
    while ((await create()).statusCode === 201) made++
    t.ok(made > 1_000, 'more than one step of the sweep frees')
    isProblem(t, await create(), 507, 'BOX_ERR_STORE_FULL')
    isProblem(t, await kept.store('x'.repeat(1_000)), 507, 'BOX_ERR_STORE_FULL')

    clock.turn(60)
    t.equal((await kept.store('x'.repeat(400_000))).statusCode, 200, 'a message for which a thousand boxes have to go')
    const answers = await Promise.all(Array.from({ length: Math.floor(made / 2) }, create))
    t.ok(answers.every(({ statusCode }) => statusCode === 201))
    t.equal((await kept.read()).json().data.length, 1, 'what is alive stays')
    while ((await create()).statusCode === 201);
    t.equal((await kept.read()).json().data.length, 1)
  })
}
