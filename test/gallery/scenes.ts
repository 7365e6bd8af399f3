/* Every state of the call page, with fixed data. */
import type { Failure } from '../../src/web/call/failures.js'
import { peopleIn, type Person, type State } from '../../src/web/call/state.js'
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
const amara: Person = { id: 'amara', number: 2, code: '482910', name: 'Amara Okafor' }
const ben: Person = { id: 'ben', number: 3, code: '105772', name: 'Ben' }
const unnamed: Person = { id: 'unnamed', number: 4, code: '930046' }
const chiara: Person = { id: 'chiara', number: 5, code: '664201', name: 'Chiara Benedetta Lombardi-Visconti' }
const dev: Person = { id: 'dev', number: 6, code: '317859', name: 'Dev' }

const of = (...people: Person[]) => ({ name: 'connected', role: 'host', invite, people }) satisfies State
const compared = (...people: Person[]) => people.map(person => ({ ...person, compared: true as const }))
const connected = of(amara)
const talking = of(...compared(amara))
const three = of(...compared(amara, ben))
const four = of(...compared(amara), ben, { ...unnamed, codeChanged: true })
const five = of(...compared(amara, ben, unnamed, chiara))
const six = of(...compared(amara, ben, unnamed, chiara, dev))

/** A scene with the other person in it. */
function call (state: State, then?: Scene['then'], more: Partial<Scene> = {}): Scene {
  return { state, devices: 'on', first: stage => stage.meet(state), ...(then && { then }), ...more }
}

/** A scene in which a connection breaks. */
function broken (state: State): Scene {
  const whole = { ...state, name: 'connected', people: peopleIn(state).map(({ broken, ...person }) => person) } as State
  return call(state, stage => silence(stage), { first: stage => stage.meet(whole) })
}

/** The meters fall slowly. @param but whose does not */
async function silence (stage: Stage, but = ''): Promise<void> {
  stage.speaks(but)
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
  'alone-after-they-left': { state: { ...waiting, notice: 'left', person: 'Amara Okafor' }, devices: 'on' },
  ringing: { state: { name: 'waiting', role: 'guest' } },
  joining: { state: { name: 'opening', role: 'guest' } },
  connecting: { state: { name: 'connecting', role: 'guest' }, devices: 'on' },

  connected: call(connected),
  'connected-new-code': call(of({ ...amara, codeChanged: true })),
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
  'sound-blocked': call(talking, undefined, { first: stage => { stage.blockSound(); return stage.meet(talking) } }),
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

  interrupted: broken({ ...talking, name: 'reconnecting', people: [{ ...amara, compared: true, broken: 'interrupted' }] }),
  rejoining: broken({ ...talking, role: 'guest', name: 'reconnecting', people: [{ ...amara, compared: true, broken: 'rejoining' }] }),

  three: call(three, async stage => {
    await silence(stage, 'amara')
    stage.hear({ type: 'media', audio: false, video: true }, 'ben')
  }),
  'three-new': call(of(amara, ben)),
  'three-screen': call(three, async stage => { await silence(stage); stage.theirScreen() }),
  'three-chat': call(three, async stage => {
    await stage.click('#chat-toggle')
    stage.hear({ type: 'chat', text: 'Hello both!' }, 'ben')
    await stage.settle()
    stage.write('Hello! Can you see the plan?')
    stage.hear({ type: 'chat', text: 'I can.' })
  }),
  'three-files': call(three, async stage => { await silence(stage); stage.sendFile('photo.jpg') }),
  'four-codes': call(four, async stage => { await silence(stage, 'ben'); await stage.click('#code summary') }),
  'four-one-left': call({ ...three, gone: { person: unnamed, notice: 'left' } }, stage => silence(stage)),
  'four-reconnecting': broken({ ...four, people: [...compared({ ...amara, broken: 'interrupted' }), ...compared(ben, unnamed)] }),
  'three-own-screen': call(three, async stage => { await silence(stage); await stage.click('[data-does="screen"]') }),
  'three-all-broken': broken({ ...three, name: 'reconnecting', people: compared({ ...amara, broken: 'interrupted' }, { ...ben, broken: 'interrupted' }) }),
  'three-host-left': call({ ...three, role: 'guest', gone: { person: { ...dev, number: 2 }, notice: 'left', host: true } }, stage => silence(stage)),
  five: call(five, stage => silence(stage, 'ben')),
  six: call(six, async stage => {
    await silence(stage, 'unnamed')
    stage.hear({ type: 'media', audio: false, video: true }, 'chiara')
    stage.hear({ type: 'media', audio: true, video: false }, 'ben')
  }),
  'six-screen': call(six, async stage => { await silence(stage); stage.theirScreen() }),
  'six-menu': call(six, async stage => { await silence(stage); await stage.click('#more summary') }),
  'invite-others': call(three, async stage => { await silence(stage); await stage.click('#invite-open') }),

  'left-by-host': { state: { name: 'left', role: 'host', who: 'you' } },
  'left-by-guest': { state: { name: 'left', role: 'guest', who: 'you' } },
  ended: { state: { name: 'left', role: 'guest', who: 'other', person: 'Amara Okafor' } },
  full: failed('full'),
  refused: failed('refused'),
  'too-many-attempts': failed('attempts'),
  'out-of-date': failed('version'),
  'too-old': failed('old'),
  'dead-link': failed('gone'),
  'no-path': failed('path', 'host')
}
