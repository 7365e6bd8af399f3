import t from 'tap'
import { Preferences } from '../../../src/web/storage/preferences.js'

function storage (items: Record<string, string> = {}) {
  return { getItem: (key: string) => items[key] ?? null, setItem: (key: string, value: string) => { items[key] = value } }
}

t.test('the next call knows what was chosen in the last one', async t => {
  const browser = storage()
  new Preferences(browser).update({ name: 'Ada', devices: { video: { id: '2', label: 'Camera 2' } }, chime: false })
  t.same(new Preferences(browser).data, { name: 'Ada', chime: false, devices: { video: { id: '2', label: 'Camera 2' } }, fit: '', shortcuts: true })
})

t.test('what makes no sense in the storage is ignored', async t => {
  t.same(new Preferences(storage({ signalbox: '{"name":7,"chime":"no","other":1,"devices":{"audio":"mic","video":{"id":1},"speaker":{"id":"3","label":"x"}}}' })).data,
    { name: '', chime: true, devices: { speaker: { id: '3', label: 'x' } }, fit: '', shortcuts: true })
  for (const text of ['nonsense', 'null', '[]']) t.same(new Preferences(storage({ signalbox: text })).data, new Preferences(undefined).data)
})

t.test('without storage, preferences last as long as the page', async t => {
  const preferences = new Preferences({ getItem: () => null, setItem: () => { throw new DOMException('full', 'QuotaExceededError') } })
  preferences.update({ name: 'Ada' })
  t.equal(preferences.data.name, 'Ada')
})
