import { adviceOf, mayPass, titleOf, type Failure } from './failures.js'
import type { DeviceState, Kind } from './media.js'
import type { State } from './state.js'

/** One line for each state: the heading of the room, the title of the tab, and what is read out. */
export function statusOf (state: State): string {
  const host = state.role === 'host'
  switch (state.name) {
    case 'ready': return host ? 'Ready to call' : 'You are invited'
    case 'opening': return host ? 'Starting…' : 'Joining…'
    case 'waiting': return host ? 'Waiting for the other person' : 'Waiting for an answer'
    case 'connecting': return 'Connecting…'
    case 'connected': return 'Connected'
    case 'reconnecting': return 'Reconnecting…'
    case 'left': return state.who === 'you' ? 'You left' : 'The other person left'
    case 'failed': return titleOf(state.failure)
  }
}

/** What a button outside of a call does. */
export type Action = 'start' | 'join' | 'again' | 'reload'

export interface DeskWords {
  title: string
  text: string
  /** what can be done, the likeliest first */
  actions: Action[]
}

export const actionWords: Record<Action, string> = {
  start: 'Start a call',
  join: 'Join the call',
  again: 'Try again',
  reload: 'Load the page again'
}

/** What the page says while there is no call. */
export function deskWords (state: Extract<State, { name: 'ready' | 'left' | 'failed' }>): DeskWords {
  const straight = 'Video, voice and chat go straight between your two browsers, encrypted. No account, nothing to install.'
  switch (state.name) {
    case 'ready':
      return state.role === 'host'
        ? { title: 'Call someone with a link', text: straight, actions: ['start'] }
        : { title: 'You are invited to a call', text: straight, actions: ['join'] }
    case 'left':
      if (state.who === 'other') return { title: 'The call is over', text: 'The other person ended it.', actions: ['start'] }
      return state.role === 'host'
        ? { title: 'You left the call', text: 'With that it is over, and its link works no more.', actions: ['start'] }
        : { title: 'You left the call', text: 'The link works for as long as the other person stays.', actions: ['join', 'start'] }
    case 'failed':
      return { title: titleOf(state.failure), text: adviceOf(state.failure), actions: actionsAfter(state.failure) }
  }
}

function actionsAfter (failure: Failure): Action[] {
  if (failure === 'old' || failure === 'insecure') return []
  if (failure === 'version') return ['reload']
  return mayPass(failure) ? ['again', 'start'] : ['start']
}

/** What the room has to tell besides the state; undefined where there is nothing. */
export function noticeOf (state: State): string | undefined {
  if ('again' in state) return 'This is a new connection with a new code. Compare it again before you go on.'
  if (state.name !== 'waiting' || state.notice === undefined) return undefined
  if (state.notice === 'left') return 'The other person left. The link still works.'
  if (state.notice === 'lost') return 'The connection broke. The link still works.'
  return `Somebody tried to join. ${titleOf(state.notice)}: ${adviceOf(state.notice)}`
}

/** What one's own camera and microphone have to tell. */
export function deviceNotice ({ audio, video }: Record<Kind, DeviceState>): string | undefined {
  const [noSound, noPicture] = [audio, video].map(state => state === 'refused' || state === 'missing')
  const why = [audio, video].includes('refused') ? 'is not allowed here' : 'was found'
  const no = why === 'was found' ? 'No ' : 'The '
  if (noSound && noPicture) return `${no}camera or microphone ${why}. You can watch, listen and write.`
  if (noPicture) return `${no}camera ${why}. The other person hears you all the same.`
  if (noSound) return `${no}microphone ${why}. You can listen and write.`
  return undefined
}

/** What is missing of the other side; undefined where all of it is there. */
export function absenceOf ({ audio, video }: Record<Kind, boolean>): string | undefined {
  if (audio && video) return undefined
  if (video) return 'Their microphone is off'
  return audio ? 'Their camera is off' : 'Their camera and microphone are off'
}

/** Six digits in two halves, as people read them out. */
export function spokenCode (code: string): string {
  return `${code.slice(0, 3)} ${code.slice(3)}`
}
