import t from 'tap'
import { Keep } from '../../src/web/keep.js'

function storage (items: Record<string, string> = {}) {
  return { getItem: (key: string) => items[key] ?? null, setItem: (key: string, value: string) => { items[key] = value } }
}

t.test('a tab knows its call again after a reload', async t => {
  const tabs = storage()
  const before = new Keep(tabs)
  before.set({ call: { role: 'host', resume: { link: 'https://box.example/boxes/x', secret: 's' } }, audio: false })
  const { kept } = new Keep(tabs)
  t.same(kept, before.kept)
  t.equal(kept.audio, false)
})

t.test('a call that is over is forgotten, what was turned off is not', async t => {
  const tabs = storage()
  const keep = new Keep(tabs)
  keep.set({ call: { role: 'guest', invite: 'https://box.example/#v=1' }, video: false })
  keep.set({ call: undefined })
  t.match(new Keep(tabs).kept, { call: undefined, video: false })
})

t.test('without storage, or with nonsense in it, a tab begins anew', async t => {
  const full = { getItem: () => 'nonsense', setItem: () => { throw new DOMException('full', 'QuotaExceededError') } }
  for (const tabs of [undefined, full]) {
    const keep = new Keep(tabs)
    keep.set({ audio: false })
    t.match(keep.kept, { audio: false, video: true })
  }
})
