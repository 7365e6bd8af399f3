import { PageCall } from './call.js'
import { Chat } from './chat.js'
import { Desk } from './desk.js'
import { element } from './dom.js'
import { missing } from './failures.js'
import { Keep, tabStorage } from './keep.js'
import { Media, type Kind } from './media.js'
import { Room } from './room.js'
import { isOpen, next, type Event, type Role, type State } from './state.js'
import { stayAwake } from './stay-awake.js'
import { noticeOf, statusOf, type Action } from './words.js'

const keep = new Keep(tabStorage())
const media = new Media(() => {
  room.devices()
  tellDevices()
})
const room = new Room(media, { announce, turn, leave: () => { call?.leave() } })
const desk = new Desk(keep, act)
const chat = new Chat(text => call?.say({ type: 'chat', text }) ?? false, announce)

let call: PageCall | undefined
let state: State = { name: 'ready', role: invited() ? 'guest' : 'host' }

function dispatch (event: Event): void {
  const before = state
  state = next(state, event)
  if (state !== before) show(before)
}

function show (before: State): void {
  document.body.dataset['state'] = state.name
  document.title = state.name === 'ready' ? 'signalbox' : `${statusOf(state)} · signalbox`
  desk.show(state)
  room.show(state)
  stayAwake(isOpen(state))
  if (isOpen(before) && !isOpen(state)) media.stop()
  if (state !== before) announce([statusOf(state), noticeOf(state)].filter(Boolean).join('. '))
}

function begin (role: Role): void {
  chat.clear()
  const { audio, video, call: kept } = keep.kept
  const page = new URL(location.href)
  page.hash = ''
  page.search = ''
  dispatch({ type: 'begin', role })
  call = new PageCall(role, media, keep, {
    dispatch,
    talking: line => {
      room.talking(line)
      tellDevices()
    },
    heard: message => {
      if (message.type === 'chat') chat.heard(message.text)
      else room.sends(message)
    }
  })
  if (role === 'host') {
    // What is in the address is an invite to another call.
    history.replaceState(null, '', page)
    void call.host(page, kept?.role === 'host' ? kept.resume : undefined)
  } else {
    void call.join(location.href)
  }
  room.devices()
  void media.open({ audio, video })
}

function act (action: Action): void {
  switch (action) {
    case 'start':
      keep.set({ call: undefined })
      return begin('host')
    case 'join':
      return begin('guest')
    case 'again':
      return begin(state.role)
    case 'reload':
      location.reload()
  }
}

function turn (kind: Kind, on: boolean): void {
  keep.set({ [kind]: on })
  void media.turn(kind, on)
}

function tellDevices (): void {
  call?.say({ type: 'media', audio: media.state.audio === 'on', video: media.state.video === 'on' })
}

/** Says something to who does not see the page. The same words twice are said twice. */
function announce (words: string): void {
  const target = element('announce')
  target.textContent = ''
  setTimeout(() => { target.textContent = words }, 50)
}

function invited (): boolean {
  return location.hash.length > 1
}

addEventListener('pagehide', () => { call?.abandon() })
// A page that the browser had put aside comes back without its connections.
addEventListener('pageshow', ({ persisted }) => { if (persisted) location.reload() })
addEventListener('hashchange', () => { if (!isOpen(state)) location.reload() })

const failure = missing(globalThis)
if (failure !== undefined) dispatch({ type: 'fail', failure })
else show(state)

// After a reload, everybody is where they were.
const { call: kept } = keep.kept
if (failure === undefined && kept !== undefined) {
  if (kept.role === 'guest' ? kept.invite === location.href : !invited()) begin(kept.role)
}
