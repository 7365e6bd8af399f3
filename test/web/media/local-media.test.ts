import t, { type Test } from 'tap'
import type { MediaKind } from '../../../src/web/media/device-kind.js'
import type { Devices } from '../../../src/web/media/devices.js'
import { LocalMedia, type Sent, type Switch } from '../../../src/web/media/local-media.js'

class FakeTrack extends EventTarget {
  enabled = true
  readyState = 'live'
  constructor (readonly kind: MediaKind, readonly deviceId: string) { super() }
  get label () { return `label of ${this.deviceId}` }
  getSettings () { return { deviceId: this.deviceId } }
  stop () { this.readyState = 'ended' }
  /** The device is unplugged. */
  end () {
    this.stop()
    this.dispatchEvent(new Event('ended'))
  }
}

type Constraints = Partial<Record<MediaKind, { deviceId?: { exact: string } }>>

/** A request to the browser, which a test answers. */
interface Request { kinds: MediaKind[], grant (): FakeTrack[], fail (name: string): void }

Object.assign(globalThis, { MediaStream: class {} })

const quiet = async () => { await new Promise(resolve => { setImmediate(resolve) }) }

function localMedia (t: Test) {
  const requests: Request[] = []
  const tracks: FakeTrack[] = []
  const there = { audio: ['mic-1', 'mic-2'], video: ['cam-1', 'cam-2'], speaker: [] as string[] }
  const getUserMedia = async (constraints: Constraints) => await new Promise((resolve, reject) => {
    const kinds = Object.keys(constraints) as MediaKind[]
    requests.push({
      kinds,
      grant () {
        const opened = kinds.map(kind => {
          return new FakeTrack(kind, constraints[kind]?.deviceId?.exact ?? there[kind][0]!)
        })
        tracks.push(...opened)
        resolve({ getTracks: () => opened })
        return opened
      },
      fail (name) { reject(new DOMException('', name)) }
    })
  })
  t.intercept(globalThis, 'navigator', { value: { mediaDevices: { getUserMedia } } })
  /** whether devices have names yet */
  const named = { value: false }
  const preferred = { audio: '', video: '' }
  const switches: Switch[] = []
  const devices = {
    of: (kind: MediaKind) => named.value ? there[kind] : [],
    any: (kind: MediaKind) => there[kind].length > 0,
    refresh: async () => { named.value = tracks.length > 0 }
  } as unknown as Devices
  /** Only when devices have names, it is known which of them are missing. */
  const available = (kind: MediaKind) => !named.value || there[kind].includes(preferred[kind]) ? preferred[kind] : ''
  /** what the other page would be told after every change */
  const told: Sent[] = []
  const media: LocalMedia = new LocalMedia(devices, () => ({ audio: available('audio'), video: available('video') }), switched => {
    told.push(media.sent)
    if (switched !== undefined) switches.push(switched)
  })
  const answer = async (act: (request: Request) => void) => {
    await quiet()
    const request = requests.shift()
    t.ok(request, 'the browser was asked')
    act(request!)
    await quiet()
  }
  const live = () => tracks.filter(({ readyState }) => readyState === 'live').map(({ deviceId }) => deviceId)
  let now = 0
  t.intercept(Date, 'now', { value: () => now })
  /** Much later. */
  const age = () => { now += 60_000 }
  return { media, requests, tracks, there, preferred, switches, told, answer, live, age }
}

t.test('what is opened after everything was stopped is released, and nothing more is asked for', async t => {
  for (const first of ['grant', 'fail'] as const) {
    const { media, requests, answer, live } = localMedia(t)
    void media.open({ audio: true, video: true })
    media.stop()
    await answer(request => { if (first === 'grant') request.grant(); else request.fail('NotFoundError') })
    t.same([live(), requests.length, media.state], [[], 0, { audio: 'off', video: 'off' }])
  }
})

t.test('a stop between the attempts for one and the other device ends both', async t => {
  const { media, requests, answer, live } = localMedia(t)
  void media.open({ audio: true, video: true })
  await answer(request => { request.fail('NotFoundError') })
  media.stop()
  await answer(request => { request.grant() })
  t.same([live(), requests.length, media.state], [[], 0, { audio: 'off', video: 'off' }])
})

t.test('a device that is turned off before it is open does not come on', async t => {
  const { media, answer, live } = localMedia(t)
  void media.open({ audio: true, video: true })
  await media.setEnabled('video', false)
  await answer(request => { request.grant() })
  t.same([live(), media.state], [['mic-1'], { audio: 'on', video: 'off' }])
})

t.test('a device is not asked for twice', async t => {
  const { media, requests, answer } = localMedia(t)
  void media.open({ audio: true, video: true })
  void media.open({ audio: true, video: true })
  void media.setEnabled('video', true)
  await answer(request => { request.grant() })
  t.same([requests.length, media.state], [0, { audio: 'on', video: 'on' }])
})

t.test('after a denial only the microphone is asked for again', async t => {
  const { media, requests, answer } = localMedia(t)
  void media.open({ audio: true, video: true })
  await answer(request => { request.fail('NotAllowedError') })
  await answer(request => { t.same(request.kinds, ['audio']); request.grant() })
  t.same([requests.length, media.state], [0, { audio: 'on', video: 'denied' }])
})

t.test('the preferred devices are used', async t => {
  const { media, preferred, answer, live } = localMedia(t)
  Object.assign(preferred, { audio: 'mic-2', video: 'cam-2' })
  void media.open({ audio: true, video: true })
  await answer(request => { request.grant() })
  t.same(live(), ['mic-2', 'cam-2'])
})

t.test('where a preferred device is missing, another one is used, and the rest stays preferred', async t => {
  const { media, preferred, requests, answer, live } = localMedia(t)
  Object.assign(preferred, { audio: 'mic-2', video: 'cam-gone' })
  void media.open({ audio: true, video: true })
  await answer(request => { request.fail('OverconstrainedError') })
  await answer(request => { request.grant() })
  await answer(request => { t.same(request.kinds, ['audio']); request.grant() })
  t.same([live(), requests.length], [['cam-1', 'mic-2'], 0])
  await media.setEnabled('video', false)
  void media.setEnabled('video', true)
  await answer(request => { request.grant() })
  t.same(live(), ['mic-2', 'cam-1'], 'it is known to be missing')
})

t.test('another device takes over without a break, and a muted microphone stays muted', async t => {
  const { media, preferred, tracks, answer, live } = localMedia(t)
  const sent: (string | undefined)[] = []
  const sender = { replaceTrack: async (track: FakeTrack | null) => { sent.push(track?.deviceId) } }
  void media.open({ audio: true })
  await answer(request => { request.grant() })
  media.attach({ audio: sender } as object)
  await media.setEnabled('audio', false)
  preferred.audio = 'mic-2'
  void media.change('audio')
  await answer(request => { request.grant() })
  t.same([sent, live(), tracks[1]?.enabled, media.state.audio], [['mic-1', 'mic-2'], ['mic-2'], false, 'off'])
})

t.test('a change that fails leaves the microphone as it is, and says why', async t => {
  for (const [error, problem] of [['NotReadableError', 'busy'], ['NotAllowedError', 'denied'], ['OverconstrainedError', 'unavailable']] as const) {
    const { media, preferred, requests, switches, told, answer, live } = localMedia(t)
    void media.open({ audio: true })
    await answer(request => { request.grant() })
    told.length = 0
    preferred.audio = 'mic-2'
    void media.change('audio')
    await answer(request => { request.fail(error) })
    t.same([live(), media.state.audio, requests.length], [['mic-1'], 'on', 0])
    t.same(switches, [{ kind: 'audio', using: 'label of mic-1', problem }])
    t.ok(told.every(({ audio }) => audio), 'at no moment it was off')
  }
})

t.test('whoever goes back to the old device before the new one is open keeps the old one', async t => {
  const { media, preferred, requests, switches, answer, live } = localMedia(t)
  void media.open({ audio: true })
  await answer(request => { request.grant() })
  preferred.audio = 'mic-2'
  void media.change('audio')
  preferred.audio = 'mic-1'
  void media.change('audio')
  t.notOk(media.asking)
  await answer(request => { request.grant() })
  t.same([live(), requests.length, switches], [['mic-1'], 0, []])
})

t.test('where only one camera opens at a time, the old one is closed first', async t => {
  const { media, preferred, answer, live } = localMedia(t)
  void media.open({ video: true })
  await answer(request => { request.grant() })
  preferred.video = 'cam-2'
  void media.change('video')
  await answer(request => { request.fail('NotReadableError') })
  t.same(live(), [])
  await answer(request => { request.grant() })
  t.same([live(), media.state.video], [['cam-2'], 'on'])
})

t.test('where a chosen camera cannot be opened at all, the one before is opened again', async t => {
  for (const again of ['grant', 'fail'] as const) {
    const { media, preferred, requests, switches, told, answer, live } = localMedia(t)
    preferred.video = 'cam-2'
    void media.open({ video: true })
    await answer(request => { request.grant() })
    told.length = 0
    preferred.video = 'cam-1'
    void media.change('video')
    for (let i = 0; i < 2; i++) await answer(request => { request.fail('NotReadableError') })
    t.same(told, [], 'nothing is decided yet')
    await answer(request => { if (again === 'grant') request.grant(); else request.fail('NotReadableError') })
    t.equal(requests.length, 0)
    if (again === 'grant') {
      t.same([live(), media.state.video, switches], [['cam-2'], 'on', [{ kind: 'video', using: 'label of cam-2', problem: 'busy' }]])
      t.ok(told.every(({ video }) => video))
    } else {
      t.same([live(), media.state.video, media.picture, switches], [[], 'busy', null, []])
    }
  }
})

t.test('a preferred camera that is plugged in while another program uses it does not cost the one in use', async t => {
  const { media, preferred, requests, there, switches, told, answer, live } = localMedia(t)
  there.video = ['cam-1']
  preferred.video = 'cam-2'
  void media.open({ video: true })
  await answer(request => { request.fail('OverconstrainedError') })
  await answer(request => { request.grant() })
  told.length = 0
  there.video = ['cam-1', 'cam-2']
  media.plugged()
  await answer(request => { request.fail('NotReadableError') })
  t.same([live(), media.state.video, requests.length, switches], [['cam-1'], 'on', 0, []])
  t.ok(told.every(({ video }) => video))
})

t.test('when a microphone is unplugged, another one takes its place; when it is back, it does', async t => {
  const { media, preferred, tracks, there, switches, answer, live, age } = localMedia(t)
  preferred.audio = 'mic-2'
  void media.open({ audio: true })
  await answer(request => { request.grant() })
  age()
  there.audio = ['mic-1']
  tracks[0]!.end()
  await answer(request => { request.grant() })
  t.same([live(), media.state.audio, switches], [['mic-1'], 'on', [{ kind: 'audio', using: 'label of mic-1' }]])
  there.audio = ['mic-1', 'mic-2']
  media.plugged()
  await answer(request => { request.grant() })
  t.same(live(), ['mic-2'])
})

t.test('a device that is gone without another one is missing; one that may not be used any more is blocked', async t => {
  for (const [any, state] of [[false, 'unavailable'], [true, 'denied']] as const) {
    const { media, requests, tracks, there, answer, age } = localMedia(t)
    void media.open({ video: true })
    await answer(request => { request.grant() })
    age()
    there.video = []
    Object.assign(Reflect.get(media, 'devices'), { any: () => any })
    tracks[0]!.end()
    await quiet()
    t.same([media.state.video, requests.length], [state, 0])
  }
})

t.test('a device that ends as soon as it is open is not opened for ever', async t => {
  const { media, requests, tracks, answer } = localMedia(t)
  void media.open({ video: true })
  await answer(request => { request.grant() })
  tracks[0]!.end()
  await quiet()
  t.same([media.state.video, requests.length], ['busy', 0])
})
