import t from 'tap'
import { Notices } from '../../../src/web/ui/notices.js'

const camera = { about: 'camera', text: 'No camera' }

t.test('the most important notice is shown, and the next one once it is dismissed', async t => {
  const notices = new Notices(['state', 'devices'])
  notices.set('devices', camera)
  t.equal(notices.shown, 'No camera')
  notices.set('state', { about: 'left', text: 'Left' })
  t.equal(notices.shown, 'Left')
  notices.dismiss()
  t.equal(notices.shown, 'No camera')
  notices.dismiss()
  t.equal(notices.shown, undefined)
})

t.test('a dismissed notice stays away while what it is about lasts, whatever the others say', async t => {
  const notices = new Notices(['state', 'devices'])
  notices.set('devices', camera)
  notices.dismiss()
  notices.set('state', { about: 'silence', text: 'tried once' })
  notices.dismiss()
  notices.set('state', { about: 'silence', text: 'tried 2 times' })
  notices.set('devices', camera)
  t.equal(notices.shown, undefined)
  notices.set('state', undefined)
  notices.set('state', { about: 'silence', text: 'tried once' })
  t.equal(notices.shown, 'tried once', 'it is another silence')
  notices.set('state', undefined)
  notices.set('devices', { about: 'microphone', text: 'No microphone' })
  t.equal(notices.shown, 'No microphone')
})

t.test('a notice that nobody has to dismiss is gone for as long as it says the same', async t => {
  const notices = new Notices(['state', 'devices'])
  notices.set('state', { about: 'came ben', text: 'Person 3 joined.', brief: true })
  notices.dismiss('state')
  notices.set('devices', camera)
  notices.set('state', { about: 'came ben', text: 'Ben joined.', brief: true })
  t.equal(notices.shown, 'No camera')
})
