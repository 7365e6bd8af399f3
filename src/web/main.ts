import { checkInvite } from 'signalbox-client/webrtc'
import { CallController } from './call-controller.js'
import { Chat } from './chat.js'
import { StartScreen } from './start-screen.js'
import { element } from './dom.js'
import { failureOf, unsupported, type Failure } from './failures.js'
import { SavedSession, tabStorage } from './saved-session.js'
import { LocalMedia, type MediaKind } from './local-media.js'
import { CallScreen } from './call-screen.js'
import type { Role } from './role.js'
import { isOpen, next, type CallEvent, type State } from './state.js'
import { keepScreenOn } from './wake-lock.js'
import { compareText, noticeOf, statusOf, type Action } from './texts.js'

/** How long the page stays empty while its invite is checked, in ms. */
const CHECK_PATIENCE = 500

const session = new SavedSession(tabStorage())
const media = new LocalMedia(() => {
  callScreen.devices()
  tellDevices()
})
const callScreen = new CallScreen(media, { announce, setEnabled, compared: () => { dispatch({ type: 'compared' }) }, leave: () => { call?.leave() } })
const startScreen = new StartScreen(session, act)
const chat = new Chat(text => call?.send({ type: 'chat', text }) ?? false, announce)

let call: CallController | undefined
let state: State = { name: 'ready', role: invited() ? 'guest' : 'host' }

function dispatch (event: CallEvent): void {
  const before = state
  state = next(state, event)
  if (state !== before) show(before)
}

function show (before: State): void {
  document.body.dataset['state'] = state.name
  document.title = state.name === 'ready' ? 'signalbox' : `${statusOf(state)} · signalbox`
  startScreen.show(state)
  callScreen.show(state)
  keepScreenOn(isOpen(state))
  if (isOpen(before) && !isOpen(state)) media.stop()
  if (state !== before) announce([statusOf(state), noticeOf(state), compareText(state)].filter(Boolean).join('. '))
}

function begin (role: Role): void {
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
      // A guest is asked for its camera only once the host has answered, and not if it has left meanwhile.
      if (event.type === 'peerFound' && isOpen(state)) open()
    },
    connectedTo: remotePage => {
      callScreen.connectedTo(remotePage)
      chat.someoneThere(remotePage !== undefined)
      tellDevices()
    },
    received: message => {
      if (message.type === 'chat') chat.received(message.text)
      else callScreen.sends(message)
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

function tellDevices (): void {
  call?.send({ type: 'media', audio: media.state.audio === 'on', video: media.state.video === 'on' })
}

/** Announces something to screen reader users. The same text twice is announced twice. */
function announce (text: string): void {
  const target = element('announce')
  target.textContent = ''
  setTimeout(() => { target.textContent = text }, 50)
}

function invited (): boolean {
  return location.hash.length > 1
}

addEventListener('pagehide', () => { call?.unload() })
// A page restored from the back/forward cache has lost its connections.
addEventListener('pageshow', ({ persisted }) => { if (persisted) location.reload() })
addEventListener('online', () => { if (state.name === 'failed' && state.failure === 'server') begin(state.role) })
addEventListener('hashchange', () => { if (!isOpen(state)) location.reload() })

/** Why the invite in the page's URL leads nowhere; undefined if it may work. */
async function checked (): Promise<Failure | undefined> {
  try {
    await checkInvite(location.href)
    return undefined
  } catch (error) {
    const failure = failureOf(error)
    // The server may be back when the person joins.
    return failure === 'server' ? undefined : failure
  }
}

const failure = unsupported(globalThis)
if (failure !== undefined) {
  dispatch({ type: 'fail', failure })
} else if (invited()) {
  const check = checked().then(failure => {
    if (failure !== undefined && state.name === 'ready') dispatch({ type: 'fail', failure })
  })
  // A link that is dead should not look like an invitation first, but nobody waits for a slow server.
  await Promise.race([check, new Promise(resolve => { setTimeout(resolve, CHECK_PATIENCE) })])
}
if (state.name === 'ready') show(state)

// After a reload, resume the call.
const { call: saved } = session.data
if (state.name === 'ready' && saved !== undefined) {
  if (saved.role === 'guest' ? saved.invite === location.href : !invited()) begin(saved.role)
}
