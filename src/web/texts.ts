import { adviceOf, isRetryable, titleOf, type Failure } from './failures.js'
import type { DeviceProblem, DeviceState, MediaKind } from './local-media.js'
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
      return { title: titleOf(state.failure), text: adviceOf(state.failure, state.role), actions: actionsAfter(state.failure) }
  }
}

function actionsAfter (failure: Failure): Action[] {
  if (failure === 'unsupported' || failure === 'old' || failure === 'insecure') return []
  if (failure === 'version') return ['reload']
  return isRetryable(failure) ? ['again', 'start'] : ['start']
}

/** What the call screen shows besides the status; undefined if nothing. */
export function noticeOf (state: State): string | undefined {
  if (state.name === 'opening' && state.failures !== undefined) {
    const tried = state.failures === 0 ? 'has not answered yet' : `could not be reached (tried ${state.failures === 1 ? 'once' : `${state.failures} times`})`
    return `The server ${tried}. Check your internet connection. The page keeps trying.`
  }
  if (state.name !== 'waiting' || state.notice === undefined) return undefined
  if (state.notice === 'left') return 'The other person left. The link still works.'
  if (state.notice === 'lost') return 'The connection was lost. The link still works.'
  if (state.notice === 'nobody') return 'Someone tried to join, but their page stopped answering. Ask them to open the link again.'
  return `Someone tried to join. ${titleOf(state.notice)}: ${adviceOf(state.notice, state.role)}`
}

/** What to do with the code; undefined if nothing is left to do. */
export function compareText (state: State): string | undefined {
  if (state.name !== 'connected' || state.compared) return undefined
  const meaning = 'Read the code aloud to each other. If it is the same on both sides, nobody is in the middle.'
  return state.codeChanged ? `The connection is new, and so is its code: compare again. ${meaning}` : meaning
}

/** What the person should know about their own camera and microphone: what is wrong, and how to mend it. */
export function deviceNotice ({ audio, video }: Record<MediaKind, DeviceState>): string | undefined {
  const [noSound, noPicture] = [isProblem(audio), isProblem(video)]
  if (!noSound && !noPicture) return undefined
  const problems = audio === video && isProblem(audio)
    ? [problemText(audio, 'camera and microphone', 'camera or microphone', 'them')]
    : [isProblem(video) && problemText(video, 'camera', 'camera', 'it'), isProblem(audio) && problemText(audio, 'microphone', 'microphone', 'it')]
  const rest = noSound
    ? noPicture ? 'You can still watch, listen and chat.' : 'You can still listen and chat.'
    : 'The other person can still hear you.'
  return [...problems, audio === 'off' && noPicture ? false : rest].filter(Boolean).join(' ')
}

function isProblem (state: DeviceState): state is DeviceProblem {
  return state !== 'on' && state !== 'off'
}

function problemText (problem: DeviceProblem, both: string, either: string, it: string): string {
  switch (problem) {
    case 'denied': return `Access to the ${both} is blocked. Allow ${it} in the site settings, next to the address, and turn ${it} on below.`
    case 'busy': return `The ${both} cannot be opened, probably because another program is using ${it}. Close that program, and turn ${it} on below.`
    case 'unavailable': return `No ${either} was found. Connect one, and turn it on below.`
  }
}

/** What the other person is not sending; undefined if nothing is missing. */
export function absenceOf ({ audio, video }: Record<MediaKind, boolean>): string | undefined {
  if (audio && video) return undefined
  if (video) return 'Their microphone is off'
  return audio ? 'Their camera is off' : 'Their camera and microphone are off'
}

/** What the chat says besides its messages; undefined if nothing. */
export function chatHint (someoneThere: boolean, hasMessages: boolean): string | undefined {
  if (!someoneThere) return 'Nobody else is here right now. You can write, and send it once the other person is connected.'
  return hasMessages ? undefined : 'No messages yet. What you write goes directly to the other person and is not stored.'
}

/** The six digits in two groups, as people read them out. */
export function spokenCode (code: string): string {
  return `${code.slice(0, 3)} ${code.slice(3)}`
}
