import type { MediaKind } from '../media/device-kind.js'
import type { Notice } from '../ui/notices.js'
import { adviceOf, isRetryable, titleOf, type Failure } from './failures.js'
import { peopleIn, type Departure, type Person, type Reason, type State } from './state.js'

/** The status for each state: the heading during a call, the tab's title, and what screen readers announce. */
export function statusOf (state: State): string {
  const host = state.role === 'host'
  switch (state.name) {
    case 'ready': return host ? 'Ready to call' : 'You are invited'
    case 'opening': return host ? 'Starting…' : 'Joining…'
    case 'waiting': return host ? 'Waiting for someone to join' : 'Waiting for an answer'
    case 'connecting': return 'Connecting…'
    case 'connected': return state.people.length > 1 ? `${state.people.length + 1} people` : 'Connected'
    case 'reconnecting': return 'Reconnecting…'
    case 'left': return state.who === 'you' ? 'You left' : `${state.person ?? OTHER} left`
    case 'failed': return titleOf(state.failure)
  }
}

/** The tab's title. `arrived`: someone has come while nobody was looking. */
export function titleOfPage (state: State, arrived: boolean): string {
  if (state.name === 'ready') return 'signalbox'
  const people = state.name === 'connected' ? state.people : []
  if (arrived && people.length > 0) return `● ${people.at(-1)?.name ?? 'Someone'} is here · signalbox`
  return `${people.length === 1 && people[0]?.name !== undefined ? people[0].name : statusOf(state)} · signalbox`
}

const OTHER = 'The other person'

/** What somebody is called. @param alone whether nobody else is in the call */
export function nameOf ({ name, number }: Pick<Person, 'name' | 'number'>, alone: boolean): string {
  return name ?? (alone ? OTHER : `Person ${number}`)
}

/** What a button on the start screen does. */
export type Action = 'start' | 'join' | 'rejoin' | 'again' | 'reload'

export interface StartScreenText {
  title: string
  text: string
  /** what the person can do, most likely first */
  actions: Action[]
}

export const actionLabels: Record<Action, string> = {
  start: 'Start a call',
  join: 'Join the call',
  rejoin: 'Join again',
  again: 'Try again',
  reload: 'Reload the page'
}

/** What the start screen says. */
export function startScreenText (state: Extract<State, { name: 'ready' | 'left' | 'failed' }>): StartScreenText {
  const introduction = 'Video, voice and chat go directly from browser to browser, encrypted. No account, nothing to install.'
  switch (state.name) {
    case 'ready':
      return state.role === 'host'
        ? { title: 'Call someone with a link', text: introduction, actions: ['start'] }
        : { title: 'You are invited to a call', text: introduction, actions: ['join'] }
    case 'left':
      if (state.who === 'other') return { title: 'The call is over', text: `${state.person ?? OTHER} ended it.`, actions: ['start'] }
      return state.role === 'host'
        ? { title: 'You left the call', text: state.others ? 'The others can go on talking, but the link no longer works.' : 'You ended the call, and its link no longer works.', actions: ['start'] }
        : { title: 'You left the call', text: state.others ? 'The link works until the person who started the call leaves.' : 'The link keeps working as long as the other person stays.', actions: ['rejoin', 'start'] }
    case 'failed':
      return { title: titleOf(state.failure), text: adviceOf(state.failure, state.role), actions: actionsAfter(state.failure) }
  }
}

function actionsAfter (failure: Failure): Action[] {
  if (failure === 'unsupported' || failure === 'old' || failure === 'insecure') return []
  if (failure === 'version') return ['reload']
  return isRetryable(failure) ? ['again', 'start'] : ['start']
}

/** What the call screen shows besides the status; undefined if nothing. */
export function noticeOf (state: State): Notice | undefined {
  if ('failures' in state) {
    const tried = state.failures === 0 ? 'has not answered yet' : `could not be reached (${state.failures} ${state.failures === 1 ? 'attempt' : 'attempts'})`
    return { about: 'silence', text: `${leftText(state)}The server ${tried}. Check your internet connection. The page keeps trying.` }
  }
  if ('gone' in state) return { about: `gone ${state.gone?.person.id}`, text: goneText(state.gone!), brief: true }
  const who = newcomer(state)
  if (who !== undefined) return { about: `came ${who.id} ${who.code}`, text: `${nameOf(who, false)} ${who.back ? 'is back' : 'joined'}.`, brief: true }
  if (state.name !== 'waiting' || state.notice === undefined) return undefined
  return { about: state.notice, text: absentText(state, state.notice) }
}

/** Says that the only other person left, even while the server is silent; '' if nobody left. */
function leftText (state: State): string {
  return state.name === 'waiting' && state.notice === 'left' ? `${state.person ?? OTHER} left. ` : ''
}

/** Why nobody else is there any more, or not yet. */
function absentText (state: Extract<State, { name: 'waiting' }>, notice: Reason): string {
  switch (notice) {
    case 'left': return `${leftText(state)}The link still works.`
    case 'lost': return `The connection${state.person === undefined ? '' : ` to ${state.person}`} was lost. The link still works.`
    case 'nobody': return 'Someone tried to join, but their page stopped answering. Ask them to open the link again.'
    default: return `Someone tried to join. ${titleOf(notice)}. ${adviceOf(notice, state.role)}`
  }
}

/** Who has come to the others last, as long as nothing else is new. */
function newcomer (state: State): Person & { back?: true } | undefined {
  if (!('came' in state)) return undefined
  const person = peopleIn(state).find(({ id }) => id === state.came?.id)
  return person && { ...person, ...state.came }
}

/** That somebody is gone, and the others stay. */
function goneText ({ person, notice, host }: Departure): string {
  const name = nameOf(person, false)
  const what = notice === 'left' ? `${name} left.` : `The connection to ${name} was lost.`
  return host ? `${what} You can go on talking, but nobody else can join.` : what
}

/** What it means for the others if this person leaves, where that is not plain; '' otherwise. */
export function leaveHint (state: State): string {
  return state.role === 'host' && peopleIn(state).length > 1 ? 'The others can go on talking, but nobody else will be able to join.' : ''
}

/** What is happening while the person is alone and can only wait; undefined otherwise. */
export function progressText (state: State): string | undefined {
  const host = state.role === 'host'
  switch (state.name) {
    case 'opening':
      if (state.failures !== undefined) return undefined
      return host ? 'Creating a link for your call…' : 'Asking to join the call…'
    case 'waiting': return host ? undefined : 'Nobody has answered yet. Keep this page open, and ask the person who invited you to open theirs.'
    case 'connecting': return 'Looking for the best route to the other browser. This can take a few seconds.'
    default: return undefined
  }
}

/** What is being tried while a connection is broken. @param alone whether nobody else is in the call */
export function breakText (broken: Person['broken'], online: boolean, alone = true): string {
  if (!alone) return online ? 'Reconnecting…' : 'This device is offline'
  if (!online) return 'This device is offline. The call will continue when the network is back.'
  return broken === 'rejoining' ? 'The connection was lost. Joining the call again…' : 'The connection is interrupted. Trying to restore it…'
}

/** What a person is asked to compare, whole and in three parts: a name in it may look like the digits. */
export interface Comparison { id: string, code: string, text: string, before: string, digits: string, after: string }

/**
 * The next code to compare, and how; undefined if nothing is left to do, or not now: while the connection to that person
 * is broken, no other code takes its place.
 */
export function comparison (state: State): Comparison | undefined {
  const people = peopleIn(state)
  const alone = people.length === 1
  const person = people.find(({ compared }) => !compared)
  if (person === undefined || person.broken !== undefined) return undefined
  const name = alone ? 'the other person' : nameOf(person, false)
  const before = person.codeChanged ? `The connection${alone ? '' : ` to ${name}`} is new, and so is its code. Compare ` : 'Compare '
  const digits = spokenCode(person.code)
  const after = ` aloud with ${name}. If they match, nobody is in the middle. If not, leave the call.`
  return { id: person.id, code: person.code, before, digits, after, text: before + digits + after }
}

/** How many of the codes were compared, if there are several. */
export function codesText (people: readonly Person[]): string {
  return `${people.filter(({ compared }) => compared).length} of ${people.length}`
}

/** What the other person is not sending; undefined if nothing is missing. */
export function absenceOf ({ audio, video }: Record<MediaKind, boolean>): string | undefined {
  if (audio && video) return undefined
  if (video) return 'Their microphone is off'
  return audio ? 'Their camera is off' : 'Their camera and microphone are off'
}

/** That somebody began to send something, or stopped, as screen readers say it. @param name undefined if nobody else is in the call */
export function newsOf (text: string, name: string | undefined): string {
  return name === undefined ? text : `${name}: ${text.charAt(0).toLowerCase()}${text.slice(1)}`
}

/** Whether somebody reads what is written in the chat; `away`: the connection is broken. */
export type Presence = 'here' | 'away' | 'nobody'

export function presenceOf ({ name }: State): Presence {
  return name === 'connected' ? 'here' : name === 'reconnecting' ? 'away' : 'nobody'
}

/** Why a message was not sent. */
export function notSent (presence: Presence): string {
  return presence === 'away'
    ? 'Not sent: the connection is interrupted. Send it again when it is back.'
    : 'Not sent: nobody else is here. Send it when someone joins.'
}

/** What the chat says besides its messages; undefined if nothing. */
export function chatHint (presence: Presence, hasMessages: boolean, people: readonly Person[] = []): string | undefined {
  const away = people.filter(({ broken }) => broken !== undefined).map(person => nameOf(person, false))
  if (presence === 'here' && away.length > 0) return `What you write is not reaching ${inWords(away)} right now: the connection is interrupted.`
  if (presence === 'nobody') return 'Nobody else is here right now. You can write a message now and send it when someone joins.'
  if (presence === 'away') return 'The connection is interrupted. You can write a message now and send it when the connection is back.'
  return hasMessages ? undefined : `No messages yet. What you write goes directly to ${people.length > 1 ? 'everyone' : 'the other person'} and is not stored.`
}

function inWords (names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}

/** The six digits in two groups, as people read them out. */
export function spokenCode (code: string): string {
  return `${code.slice(0, 3)} ${code.slice(3)}`
}

/** What screen readers say after a change: what is new, and who is back although nothing looks new. */
export function spokenNews (before: State, state: State): string[] {
  const said = spokenText(before)
  const people = peopleIn(state)
  const restored = people.filter(({ id, code, broken }) => people.length > 1 && broken === undefined &&
    peopleIn(before).some(person => person.id === id && person.code === code && person.broken !== undefined))
  return [...spokenText(state).filter(text => !said.includes(text)), ...restored.map(person => `The connection to ${nameOf(person, false)} is back`)]
}

/** What screen readers say of a state. */
export function spokenText (state: State): string[] {
  const people = peopleIn(state)
  const alone = people.length === 1
  const named = people.map(({ name }) => name === undefined || state.name !== 'connected' ? undefined : alone ? `You are talking to ${name}` : `${name} is in the call`)
  const broken = alone
    ? [state.name === 'reconnecting' ? breakText(people[0]?.broken, true) : undefined]
    : people.map(person => person.broken && `The connection to ${nameOf(person, false)} is interrupted`)
  // Whoever is new is named as soon as the name is there.
  const came = newcomer(state)
  const notice = came === undefined || came.back ? noticeOf(state)?.text : undefined
  return [statusOf(state), notice, comparison(state)?.text, ...named, ...broken].filter(text => text !== undefined)
}
