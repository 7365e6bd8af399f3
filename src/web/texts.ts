import { adviceOf, isRetryable, titleOf, type Failure } from './failures.js'
import type { DeviceState, MediaKind } from './local-media.js'
import type { State } from './state.js'

/** The status for each state: the heading during a call, the tab's title, and what screen readers announce. */
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

/** What a button on the start screen does. */
export type Action = 'start' | 'join' | 'again' | 'reload'

export interface StartScreenText {
  title: string
  text: string
  /** what the person can do, most likely first */
  actions: Action[]
}

export const actionLabels: Record<Action, string> = {
  start: 'Start a call',
  join: 'Join the call',
  again: 'Try again',
  reload: 'Reload the page'
}

/** What the start screen says. */
export function startScreenText (state: Extract<State, { name: 'ready' | 'left' | 'failed' }>): StartScreenText {
  const introduction = 'Video, voice and chat go directly between your two browsers, encrypted. No account, nothing to install.'
  switch (state.name) {
    case 'ready':
      return state.role === 'host'
        ? { title: 'Call someone with a link', text: introduction, actions: ['start'] }
        : { title: 'You are invited to a call', text: introduction, actions: ['join'] }
    case 'left':
      if (state.who === 'other') return { title: 'The call is over', text: 'The other person ended it.', actions: ['start'] }
      return state.role === 'host'
        ? { title: 'You left the call', text: 'You ended the call, and its link no longer works.', actions: ['start'] }
        : { title: 'You left the call', text: 'The link keeps working as long as the other person stays.', actions: ['join', 'start'] }
    case 'failed':
      return { title: titleOf(state.failure), text: adviceOf(state.failure), actions: actionsAfter(state.failure) }
  }
}

function actionsAfter (failure: Failure): Action[] {
  if (failure === 'unsupported' || failure === 'insecure') return []
  if (failure === 'version') return ['reload']
  return isRetryable(failure) ? ['again', 'start'] : ['start']
}

/** What the call screen shows besides the status; undefined if nothing. */
export function noticeOf (state: State): string | undefined {
  if ('codeChanged' in state) return 'This is a new connection with a new code. Compare the codes again before you continue.'
  if (state.name !== 'waiting' || state.notice === undefined) return undefined
  if (state.notice === 'left') return 'The other person left. The link still works.'
  if (state.notice === 'lost') return 'The connection was lost. The link still works.'
  return `Someone tried to join. ${titleOf(state.notice)}: ${adviceOf(state.notice)}`
}

/** What the person should know about their own camera and microphone. */
export function deviceNotice ({ audio, video }: Record<MediaKind, DeviceState>): string | undefined {
  const [noSound, noPicture] = [audio, video].map(state => state === 'denied' || state === 'unavailable')
  if (!noSound && !noPicture) return undefined
  const devices = (denied: string, unavailable: string) =>
    [audio, video].includes('denied') ? `Access to the ${denied} is blocked.` : `No ${unavailable} is available.`
  if (noSound && noPicture) return `${devices('camera and microphone', 'camera or microphone')} You can still watch, listen and chat.`
  if (noPicture) return `${devices('camera', 'camera')} The other person can still hear you.`
  return `${devices('microphone', 'microphone')} You can still listen and chat.`
}

/** What the other person is not sending; undefined if nothing is missing. */
export function absenceOf ({ audio, video }: Record<MediaKind, boolean>): string | undefined {
  if (audio && video) return undefined
  if (video) return 'Their microphone is off'
  return audio ? 'Their camera is off' : 'Their camera and microphone are off'
}

/** The six digits in two groups, as people read them out. */
export function spokenCode (code: string): string {
  return `${code.slice(0, 3)} ${code.slice(3)}`
}
