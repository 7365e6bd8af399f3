import t from 'tap'
import { Preferences } from '../../src/web/preferences.js'

function storage (items: Record<string, string> = {}) {
  return { getItem: (key: string) => items[key] ?? null, setItem: (key: string, value: string) => { items[key] = value } }
}

t.test('the next call knows what was chosen in the last one', async t => {
  const browser = storage()
  new Preferences(browser).update({ name: 'Ada', video: 'camera-2', chime: false })
  t.same(new Preferences(browser).data, { name: 'Ada', chime: false, audio: '', video: 'camera-2', speaker: '', fit: '', shortcuts: true })
})

t.test('what makes no sense in the storage is ignored', async t => {
  t.same(new Preferences(storage({ signalbox: '{"name":7,"chime":"no","video":{},"other":1,"audio":"mic"}' })).data,
    { name: '', chime: true, audio: 'mic', video: '', speaker: '', fit: '', shortcuts: true })
  for (const text of ['nonsense', 'null', '[]']) t.same(new Preferences(storage({ signalbox: text })).data, new Preferences(undefined).data)
})

t.test('without storage, preferences last as long as the page', async t => {
  const preferences = new Preferences({ getItem: () => null, setItem: () => { throw new DOMException('full', 'QuotaExceededError') } })
  preferences.update({ name: 'Ada' })
  t.equal(preferences.data.name, 'Ada')
})
