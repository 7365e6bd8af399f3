/* Every state of the call page, with fixed data. */
import type { Failure } from '../../src/web/failures.js'
import type { State } from '../../src/web/state.js'
import type { Stage } from './stage.js'

export interface Scene {
  state: State
  /** How the browser answers a request for this person's devices; without it, nobody has asked. */
  devices?: 'on' | 'asked' | 'denied' | 'missing' | undefined
  /** What happens before this state. */
  first?: (stage: Stage) => unknown
  /** What happens in it. */
  then?: (stage: Stage) => unknown
}

const invite = 'https://call.example/#v1.6q2Jt0Yw8mPzVb3nXk5RcQ.Zr7uL1sHd9fEa4gTiWoMpN'
const opening: State = { name: 'opening', role: 'host' }
const waiting = { name: 'waiting', role: 'host', invite } as const
const connected = { name: 'connected', role: 'host', invite, code: '482910', person: 'Amara Okafor' } as const
const talking = { ...connected, compared: true } as const

/** A scene with the other person in it. */
function call (state: State, then?: Scene['then'], more: Partial<Scene> = {}): Scene {
  return { state, devices: 'on', first: stage => stage.meet(connected), ...(then && { then }), ...more }
}

/** The meters fall slowly. */
async function silence (stage: Stage): Promise<void> {
  await stage.settle(1_500)
}

function failed (failure: Failure, role: 'host' | 'guest' = 'guest'): Scene {
  return { state: { name: 'failed', role, failure } }
}

export const scenes: Record<string, Scene> = {
  start: { state: { name: 'ready', role: 'host' }, then: stage => stage.page.preview.allow() },
  'start-mirror': { state: { name: 'ready', role: 'host' }, devices: 'on', then: stage => stage.page.preview.allow() },
  'start-choice': { state: { name: 'ready', role: 'host' }, devices: 'on', then: async stage => { await stage.page.preview.allow(); await stage.click('#start-choice summary') } },
  'start-asked': { state: { name: 'ready', role: 'host' }, devices: 'asked', then: stage => stage.page.preview.allow() },
  'start-no-devices': { state: { name: 'ready', role: 'host' }, devices: 'missing', then: stage => stage.page.preview.allow() },
  invited: { state: { name: 'ready', role: 'guest' }, then: stage => stage.page.preview.allow() },

  starting: { state: opening },
  'server-silent': { state: { ...opening, failures: 3 } },
  alone: { state: waiting, devices: 'on' },
  'alone-denied': { state: waiting, devices: 'denied' },
  'alone-after-they-left': { state: { ...waiting, notice: 'left', person: connected.person }, devices: 'on' },
  ringing: { state: { name: 'waiting', role: 'guest' } },
  joining: { state: { name: 'opening', role: 'guest' } },
  connecting: { state: { name: 'connecting', role: 'guest' }, devices: 'on' },

  connected: call(connected),
  'connected-new-code': call({ ...connected, codeChanged: true }),
  talking: call(talking),
  'talking-they-are-muted': call(talking, stage => stage.hear({ type: 'media', audio: false, video: true })),
  'talking-no-picture': call(talking, stage => stage.hear({ type: 'media', audio: true, video: false })),
  'talking-no-devices': call(talking, undefined, { devices: 'missing' }),
  'talking-all-off': call(talking, async stage => {
    // The hint that the page itself shows goes after a while.
    stage.sound(0)
    await stage.click('#mic', '#camera')
    stage.show('#muted-hint')
  }),
  'sound-blocked': call(talking, undefined, { first: stage => { stage.blockSound(); return stage.meet(connected) } }),
  'code-explained': call(talking, stage => stage.click('#code summary')),
  'their-screen': call(talking, stage => stage.theirScreen()),
  'own-screen': call(talking, stage => stage.click('[data-does="screen"]')),
  menu: call(talking, stage => stage.click('#more summary')),
  settings: call(talking, stage => stage.click('#settings-open')),
  'chat-empty': call(talking, stage => stage.click('#chat-toggle')),
  chat: call(talking, async stage => {
    await stage.click('#chat-toggle')
    stage.write('Hello! Can you see the plan?')
    stage.hear({ type: 'chat', text: 'Yes, it opened at once. The second page is the one I meant.' })
    await stage.settle()
    stage.write('https://example.org/plans/garden?page=2')
    stage.hear({ type: 'chat', text: 'That one 👍' })
  }),
  'chat-nobody': {
    state: waiting,
    devices: 'on',
    then: async stage => {
      await stage.click('#chat-toggle')
      stage.write('Are you there?')
    }
  },
  unread: call(talking, stage => stage.hear({ type: 'chat', text: 'One moment' })),
  files: call(talking, async stage => {
    stage.offer('Garden plan, second version, with the measurements.pdf', 4_812_345)
    stage.sendFile('photo.jpg')
  }),

  interrupted: call({ ...talking, name: 'reconnecting' }, silence),
  rejoining: call({ ...talking, role: 'guest', name: 'reconnecting', rejoining: true }, silence),

  'left-by-host': { state: { name: 'left', role: 'host', who: 'you' } },
  'left-by-guest': { state: { name: 'left', role: 'guest', who: 'you' } },
  ended: { state: { name: 'left', role: 'guest', who: 'other', person: connected.person } },
  full: failed('full'),
  refused: failed('refused'),
  'too-many-attempts': failed('attempts'),
  'out-of-date': failed('version'),
  'too-old': failed('old'),
  'dead-link': failed('gone'),
  'no-path': failed('path', 'host')
}
