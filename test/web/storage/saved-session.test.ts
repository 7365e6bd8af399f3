import t from 'tap'
import { SavedSession } from '../../../src/web/storage/saved-session.js'

function storage (items: Record<string, string> = {}) {
  return { getItem: (key: string) => items[key] ?? null, setItem: (key: string, value: string) => { items[key] = value } }
}

t.test('a tab recognizes its call after a reload', async t => {
  const tabs = storage()
  const before = new SavedSession(tabs)
  before.update({ call: { role: 'host', resume: { link: 'https://box.example/boxes/x', secret: 's' } }, audio: false })
  const { data: after } = new SavedSession(tabs)
  t.same(after, before.data)
  t.equal(after.audio, false)
})

t.test('an ended call is forgotten; devices that were turned off are not', async t => {
  const tabs = storage()
  const session = new SavedSession(tabs)
  session.update({ call: { role: 'guest', invite: 'https://box.example/#v=1' }, video: false })
  session.update({ call: undefined })
  t.match(new SavedSession(tabs).data, { call: undefined, video: false })
})

t.test('without storage, or with nonsense in it, a tab starts afresh', async t => {
  const full = { getItem: () => 'nonsense', setItem: () => { throw new DOMException('full', 'QuotaExceededError') } }
  for (const tabs of [undefined, full]) {
    const session = new SavedSession(tabs)
    session.update({ audio: false })
    t.match(session.data, { audio: false, video: true })
  }
})
