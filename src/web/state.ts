/* The states of the page and the transitions between them. Independent of the browser, so that every path can be tested. */

import type { Failure } from './failures.js'
import type { Role } from './role.js'

export type State =
  /** before a call; with an invite in the page's URL, the visitor is a guest */
  | { name: 'ready', role: Role }
  /** creating a box, or saying hello to the host; `failures`: how often the server could not be reached, if it is silent */
  | { name: 'opening', role: Role, failures?: number }
  /** the other side is absent; the host has an invite to share and may be told why someone left, and who it was */
  | { name: 'waiting', role: Role, invite?: string, notice?: Reason, person?: string }
  | { name: 'connecting', role: Role, invite?: string }
  | { name: 'connected', role: Role, invite?: string } & Connection
  /** `rejoining`: the old connection was given up, and the guest says hello again */
  | { name: 'reconnecting', role: Role, invite?: string, rejoining?: true } & Connection
  | { name: 'left', role: Role, who: 'you' | 'other', person?: string }
  | { name: 'failed', role: Role, failure: Failure }

/** What people know of the connection that they have, or had until it broke. */
interface Connection {
  code: string
  /** a different code was shown before, so people must compare again */
  codeChanged?: true
  /** they have compared the code */
  compared?: true
  /** the other person's name, if they gave one */
  person?: string
}

/** Why the host is waiting again. */
export type Reason = 'left' | Failure

/** What happens in a call, or what the person does. */
export type CallEvent =
  | { type: 'begin', role: Role }
  /** the host's box exists; or the guest's hello is stored */
  | { type: 'opened', invite?: string }
  /** the server does not answer; so many requests in a row have failed */
  | { type: 'serverSilent', failures: number }
  /** the other side has appeared */
  | { type: 'peerFound' }
  /** the other side could not be connected */
  | { type: 'peerFailed', failure: Failure }
  | { type: 'connected', code: string, codeChanged?: boolean }
  /** the other person's name has come; the first one counts */
  | { type: 'named', person: string }
  /** the person says that both sides show the same code */
  | { type: 'compared' }
  | { type: 'interrupted', rejoining?: true }
  | { type: 'recovered' }
  /** the other side is gone: it left or, for the host, the connection was lost for good */
  | { type: 'peerGone', notice: Reason }
  | { type: 'leave' }
  | { type: 'fail', failure: Failure }

/** The next state. An event that does not apply to the current state changes nothing: it came too late. */
export function next (state: State, event: CallEvent): State {
  const { role } = state
  const invite = 'invite' in state ? { invite: state.invite } : {}
  if (isOver(state)) return event.type === 'begin' ? { name: 'opening', role: event.role } : state

  switch (event.type) {
    case 'begin':
      return state.name === 'ready' ? { name: 'opening', role: event.role } : state
    case 'opened':
      return state.name === 'opening'
        ? { name: 'waiting', role, ...(event.invite !== undefined && { invite: event.invite }) }
        : state
    case 'serverSilent':
      return state.name === 'opening' ? { ...state, failures: event.failures } : state
    case 'peerFound':
      return state.name === 'waiting' || (state.name === 'opening' && role === 'guest') ? { name: 'connecting', role, ...invite } : state
    case 'peerFailed':
      return role === 'host' && (state.name === 'connecting' || state.name === 'waiting')
        ? { name: 'waiting', role, ...invite, notice: event.failure }
        : state
    case 'connected':
      return isOpen(state) ? { name: 'connected', role, code: event.code, ...(event.codeChanged && { codeChanged: true }), ...invite } : state
    case 'named':
      return isConnected(state) && state.person === undefined ? { ...state, person: event.person } : state
    case 'compared':
      return state.name === 'connected' ? { ...state, compared: true } : state
    case 'interrupted':
      return state.name === 'connected' || (state.name === 'reconnecting' && event.rejoining)
        ? { ...state, name: 'reconnecting', ...(event.rejoining && { rejoining: true }) }
        : state
    case 'recovered':
      return state.name === 'reconnecting' && !state.rejoining ? { ...state, name: 'connected' } : state
    case 'peerGone': {
      if (!isConnected(state)) return state
      const person = state.person === undefined ? {} : { person: state.person }
      return role === 'host'
        ? { name: 'waiting', role, ...invite, notice: event.notice, ...person }
        : { name: 'left', role, who: 'other', ...person }
    }
    case 'leave':
      return isOpen(state) ? { name: 'left', role, who: 'you' } : state
    case 'fail':
      return { name: 'failed', role, failure: event.failure }
  }
}

/** Whether there is a call or one is being set up. */
export function isOpen ({ name }: State): boolean {
  return name !== 'ready' && name !== 'left' && name !== 'failed'
}

function isConnected (state: State): state is Extract<State, Connection> {
  return state.name === 'connected' || state.name === 'reconnecting'
}

function isOver ({ name }: State): boolean {
  return name === 'left' || name === 'failed'
}
