import { checkInvite } from 'signalbox-client/webrtc'
import { CallController } from './call/call-controller.js'
import { failureOf, unsupported } from './call/failures.js'
import type { Role } from './call/role.js'
import { isOpen, next, type CallEvent, type State } from './call/state.js'
import type { Action } from './call/texts.js'
import { audioContext } from './media/sound.js'
import { Page } from './page.js'

/** How long the page stays empty while its invite is checked, in ms. */
const CHECK_PATIENCE = 500

let call: CallController | undefined
/** What the other pages know of this one's devices. */
let told = ''
let state: State = { name: 'ready', role: invited() ? 'guest' : 'host' }
const page = new Page(state, {
  act,
  compared: id => { dispatch({ type: 'compared', id }) },
  leave: () => { call?.leave() },
  write: text => call?.send({ type: 'chat', text }) ?? false,
  devicesChanged: tellDevices
})
const { media, session, preferences } = page

function dispatch (event: CallEvent): void {
  const before = state
  state = next(state, event)
  if (state !== before) page.show(state)
}

function begin (role: Role): void {
  // It may sound later if it is made while the person touches the page.
  audioContext()
  const { call: saved } = session.data
  let opened = false
  const open = () => {
    if (opened) return
    opened = true
    const { audio, video } = session.data
    void media.open({ audio, video })
  }
  const address = new URL(location.href)
  address.hash = ''
  address.search = ''
  dispatch({ type: 'begin', role })
  call = new CallController(role, media, session, {
    dispatch: event => {
      dispatch(event)
      if (event.type === 'peerGone' && event.notice === 'left') page.files.left(event.id)
      // A guest is asked for its camera only once the host has answered, and not if it has left meanwhile.
      if (event.type === 'peerFound' && isOpen(state)) open()
    },
    connectedTo: (id, remotePage) => {
      page.connectedTo(id, remotePage)
      remotePage?.send({ type: 'media', ...media.sent })
      const { name } = preferences.data
      if (name !== '') remotePage?.send({ type: 'name', name })
    },
    received: (id, message) => {
      if (message.type === 'name') dispatch({ type: 'named', id, person: message.name })
      else page.received(id, message)
    }
  })
  if (role === 'host') {
    // The URL may hold an invite to another call.
    history.replaceState(null, '', address)
    void call.host(address, saved?.role === 'host' ? saved.resume : undefined)
    open()
  } else {
    void call.join(location.href)
  }
}

function act (action: Action): void {
  switch (action) {
    case 'start':
      session.update({ call: undefined, met: [] })
      return begin('host')
    case 'join':
    case 'rejoin':
      session.update({ met: [] })
      return begin('guest')
    case 'again':
      return begin(state.role)
    case 'reload':
      location.reload()
  }
}

/** Tells the other pages what they get from this one, if that has changed. */
function tellDevices (): void {
  const news = JSON.stringify(media.sent)
  if (news === told) return
  told = news
  call?.send({ type: 'media', ...media.sent })
}

function invited (): boolean {
  return location.hash.length > 1
}

addEventListener('pagehide', () => { call?.unload() })
// A page restored from the back/forward cache has lost its connections.
addEventListener('pageshow', ({ persisted }) => { if (persisted) location.reload() })
addEventListener('online', () => {
  if (state.name === 'failed' && state.failure === 'server') begin(state.role)
  else call?.retry()
})
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

const failure = unsupported(globalThis)
if (failure !== undefined) dispatch({ type: 'fail', failure })
const check = failure === undefined && checked()
// A link that is dead should not look like an invitation first, but nobody waits for a slow server.
await Promise.race([check, new Promise(resolve => { setTimeout(resolve, CHECK_PATIENCE) })])
if (state.name === 'ready') page.show(state)

// After a reload, resume the call.
const { call: saved } = session.data
if (state.name === 'ready' && saved !== undefined) {
  if (saved.role === 'guest' ? saved.invite === location.href : !invited()) begin(saved.role)
}
if (await check && state.name === 'ready') await page.preview.allow()
