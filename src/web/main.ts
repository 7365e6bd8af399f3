import { checkInvite } from 'signalbox-client/webrtc'
import { announcer } from './announcer.js'
import { CallController } from './call-controller.js'
import { Chat } from './chat.js'
import { DeviceChoice } from './device-choice.js'
import type { DeviceKind, MediaKind } from './device-kind.js'
import { Devices } from './devices.js'
import { StartScreen } from './start-screen.js'
import { element } from './dom.js'
import { FileList } from './files/file-list.js'
import { failureOf, unsupported } from './failures.js'
import { SavedSession } from './saved-session.js'
import { latest } from './latest.js'
import { LocalMedia, type Switch } from './local-media.js'
import { setUpMoreMenu } from './more-menu.js'
import type { Sent } from './page-messages.js'
import { Sharing } from './sharing.js'
import { setUpShortcuts } from './shortcuts.js'
import { Voices } from './voices.js'
import { CallScreen } from './call-screen.js'
import { NameField } from './name-field.js'
import { Preferences } from './preferences.js'
import { Preview } from './preview.js'
import type { RemotePage } from './remote-page.js'
import type { Role } from './role.js'
import { audioContext, chime } from './sound.js'
import { playThrough } from './speaker.js'
import { isOpen, next, type CallEvent, type State } from './state.js'
import { storageOf } from './storage.js'
import { keepScreenOn } from './wake-lock.js'
import { inSentences, presenceOf, spokenText, titleOfPage, type Action } from './texts.js'

/** How long the page stays empty while its invite is checked, in ms. */
const CHECK_PATIENCE = 500

/** How often the page shows a change in what the other person sends, in ms. */
const SENT_EVERY = 200

const announce = announcer()
const session = new SavedSession(storageOf('sessionStorage'))
const preferences = new Preferences(storageOf('localStorage'))
const devices = new Devices(() => {
  choice.update()
  playThrough(preferredId('speaker'))
}, () => { media.plugged() })
const media = new LocalMedia(devices, () => ({ audio: preferredId('audio'), video: preferredId('video') }), switched => {
  callScreen.devices()
  preview.update()
  choice.update()
  if (switched !== undefined) tellSwitch(switched)
  tellDevices()
})
const callScreen = new CallScreen(media, preferences, { announce, setEnabled, compared: () => { dispatch({ type: 'compared' }) }, leave: () => { call?.leave() } })
const sharing = new Sharing(media, text => { callScreen.screen(text) })
const voices = new Voices(media, announce)
const startScreen = new StartScreen(act)
const preview = new Preview(media, session, announce)
const choice = new DeviceChoice(devices, media, preferences, kind => {
  if (kind === 'speaker') return playThrough(preferredId(kind))
  tellSwitch(undefined)
  void media.change(kind)
})
const nameField = new NameField(preferences, () => { element('start-primary').click() })
const chat = new Chat(text => call?.send({ type: 'chat', text }) ?? false, announce)
const files = new FileList(announce)

let call: CallController | undefined
let remotePage: RemotePage | undefined
/** Shows what the other page says it sends. */
let theySend: ((sent: Sent) => void) | undefined
/** What the other page knows of this one's devices. */
let told = ''
/** Somebody has come while nobody was looking. */
let arrived = false
let state: State = { name: 'ready', role: invited() ? 'guest' : 'host' }

function dispatch (event: CallEvent): void {
  const before = state
  state = next(state, event)
  if (state !== before) show(before)
}

function show (before: State): void {
  document.body.dataset['state'] = state.name
  if (state.name === 'connected' && before.name === 'connecting') onArrival()
  document.title = titleOfPage(state, arrived)
  startScreen.show(state)
  nameField.show(state)
  preview.show(state)
  callScreen.show(state)
  choice.show(state)
  files.show(isOpen(state))
  keepScreenOn(isOpen(state))
  const presence = presenceOf(state)
  chat.presence(presence)
  sharing.allow(presence !== 'nobody')
  voices.during(isOpen(state) ? { remotePage: presence === 'here' ? remotePage : undefined } : undefined)
  if (!isOpen(state) && state.name !== 'ready') media.stop()
  const news = spokenText(state).filter(text => !spokenText(before).includes(text))
  if (news.length > 0) announce(inSentences(news))
}

function onArrival (): void {
  arrived = document.hidden
  if (state.role === 'host' && preferences.data.chime) void chime(preferredId('speaker'))
}

function begin (role: Role): void {
  // It may sound later if it is made while the person touches the page.
  audioContext()
  chat.clear()
  const { call: saved } = session.data
  let opened = false
  const open = () => {
    if (opened) return
    opened = true
    const { audio, video } = session.data
    void media.open({ audio, video })
  }
  const page = new URL(location.href)
  page.hash = ''
  page.search = ''
  dispatch({ type: 'begin', role })
  call = new CallController(role, media, session, {
    dispatch: event => {
      dispatch(event)
      if (event.type === 'peerGone' && event.notice === 'left') files.left()
      // A guest is asked for its camera only once the host has answered, and not if it has left meanwhile.
      if (event.type === 'peerFound' && isOpen(state)) open()
    },
    connectedTo: page => {
      told = ''
      if (remotePage !== undefined && page !== undefined) sharing.replaced()
      remotePage = page
      theySend = latest(SENT_EVERY, sent => { if (remotePage === page) callScreen.sends(sent) })
      callScreen.connectedTo(page)
      files.connectedTo(remotePage?.files)
      tellDevices()
      const { name } = preferences.data
      if (name !== '') call?.send({ type: 'name', name })
    },
    received: message => {
      if (message.type === 'chat') chat.received(message.text)
      else if (message.type === 'name') dispatch({ type: 'named', person: message.name })
      else theySend?.(message)
    }
  })
  if (role === 'host') {
    // The URL may hold an invite to another call.
    history.replaceState(null, '', page)
    void call.host(page, saved?.role === 'host' ? saved.resume : undefined)
  } else {
    void call.join(location.href)
  }
  callScreen.devices()
  if (role === 'host') open()
}

function act (action: Action): void {
  switch (action) {
    case 'start':
      session.update({ call: undefined, hadCode: false })
      return begin('host')
    case 'join':
      session.update({ hadCode: false })
      return begin('guest')
    case 'again':
      return begin(state.role)
    case 'reload':
      location.reload()
  }
}

function setEnabled (kind: MediaKind, on: boolean): void {
  session.update({ [kind]: on })
  void media.setEnabled(kind, on)
}

function preferredId (kind: DeviceKind): string {
  return devices.idOf(kind, preferences.data.devices[kind])
}

function tellSwitch (switched: Switch | undefined): void {
  callScreen.switched(switched)
  preview.switched(switched)
}

/** Tells the other page what it gets from this one, if that has changed. */
function tellDevices (): void {
  const news = JSON.stringify(media.sent)
  if (news !== told && call?.send({ type: 'media', ...media.sent })) told = news
}

function invited (): boolean {
  return location.hash.length > 1
}

addEventListener('pagehide', () => { call?.unload() })
// A page restored from the back/forward cache has lost its connections.
addEventListener('pageshow', ({ persisted }) => { if (persisted) location.reload() })
document.addEventListener('visibilitychange', () => {
  arrived = false
  document.title = titleOfPage(state, arrived)
})
addEventListener('online', () => {
  if (state.name === 'failed' && state.failure === 'server') begin(state.role)
  else call?.retry()
  callScreen.show(state)
})
addEventListener('offline', () => { callScreen.show(state) })
addEventListener('hashchange', () => { if (!isOpen(state)) location.reload() })

/** Checks the invite in the page's URL, if there is one. @returns whether it leads to a call */
async function checked (): Promise<boolean> {
  if (!invited()) return true
  try {
    await checkInvite(location.href)
    return true
  } catch (error) {
    const failure = failureOf(error)
    // The server may be back when the person joins.
    if (failure !== 'server' && failure !== 'limited' && state.name === 'ready') dispatch({ type: 'fail', failure })
    return false
  }
}

setUpMoreMenu()
setUpShortcuts(preferences)

const failure = unsupported(globalThis)
if (failure !== undefined) dispatch({ type: 'fail', failure })
const check = failure === undefined && checked()
// A link that is dead should not look like an invitation first, but nobody waits for a slow server.
await Promise.race([check, new Promise(resolve => { setTimeout(resolve, CHECK_PATIENCE) })])
if (state.name === 'ready') show(state)

// After a reload, resume the call.
const { call: saved } = session.data
if (state.name === 'ready' && saved !== undefined) {
  if (saved.role === 'guest' ? saved.invite === location.href : !invited()) begin(saved.role)
}
if (await check && state.name === 'ready') await preview.allow()
