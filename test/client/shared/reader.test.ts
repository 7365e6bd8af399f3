import t from 'tap'
import { Loop } from '../../../clients/typescript/src/shared/reader.js'

const message = (seq: number, data: unknown = seq) => ({ seq, data })

t.test('what waits for a loop is bounded in size, and the loop then ends', async t => {
  const loop = new Loop('box', 0)
  const large = 'x'.repeat(1024 * 1024)
  for (let seq = 1; seq <= 20; seq++) loop.receive([message(seq, large)], seq - 1, large.length)
  const taken = await loop.next()
  t.ok(taken!.length < 10, `${taken!.length} of 20`)
  t.same(taken!.map(({ seq }) => seq), taken!.map((_, n) => n + 1), 'none is left out before the last')
  t.equal(await loop.next(), undefined)
  t.equal(loop.isDetached, false)
})

t.test('a loop that keeps up takes any number', async t => {
  const loop = new Loop('box', 0)
  const large = 'x'.repeat(1024 * 1024)
  for (let seq = 1; seq <= 20; seq += 2) {
    for (const each of [seq, seq + 1]) loop.receive([message(each, large)], each - 1, large.length)
    t.equal((await loop.next())?.length, 2)
  }
})
