import type { Failure } from './failures.js'

/**
 * What the page is doing, and how one thing follows from another. It knows no browser, so that every
 * path through it can be tried.
 */
export type Role = 'host' | 'guest'

export type State =
  /** nothing yet; with an invite in the page's address, the visitor is a guest */
  | { name: 'ready', role: Role }
  /** making a box, or saying hello to the host */
  | { name: 'opening', role: Role }
  /** the other side is not there; the host has an invite to pass on, and may read why somebody is gone */
  | { name: 'waiting', role: Role, invite?: string, notice?: Notice }
  | { name: 'connecting', role: Role, invite?: string }
  /** `again`: another code was there before, so that people have to compare once more */
  | { name: 'connected', role: Role, code: string, again?: true, invite?: string }
  | { name: 'reconnecting', role: Role, code: string, again?: true, invite?: string }
  | { name: 'left', role: Role, who: 'you' | 'other' }
  | { name: 'failed', role: Role, failure: Failure }

/** Why the host is waiting again. */
export type Notice = 'left' | Failure

export type Event =
  | { type: 'begin', role: Role }
  /** the host has its box; the guest's hello is stored */
  | { type: 'opened', invite?: string }
  /** the other side has shown up */
  | { type: 'found' }
  /** and could not be connected */
  | { type: 'missed', failure: Failure }
  | { type: 'connected', code: string, again?: boolean }
  | { type: 'interrupted' }
  | { type: 'recovered' }
  /** the other side is gone: it left, or for the host, the connection broke for good */
  | { type: 'gone', notice: Notice }
  | { type: 'leave' }
  | { type: 'fail', failure: Failure }

/** The next state. An event that does not belong to a state changes nothing: it came too late. */
export function next (state: State, event: Event): State {
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
    case 'found':
      return state.name === 'waiting' || (state.name === 'opening' && role === 'guest') ? { name: 'connecting', role, ...invite } : state
    case 'missed':
      return role === 'host' && (state.name === 'connecting' || state.name === 'waiting')
        ? { name: 'waiting', role, ...invite, notice: event.failure }
        : state
    case 'connected':
      return isOpen(state) ? { name: 'connected', role, code: event.code, ...(event.again && { again: true }), ...invite } : state
    case 'interrupted':
      return state.name === 'connected' ? { ...state, name: 'reconnecting' } : state
    case 'recovered':
      return state.name === 'reconnecting' ? { ...state, name: 'connected' } : state
    case 'gone':
      if (state.name !== 'connected' && state.name !== 'reconnecting') return state
      return role === 'host'
        ? { name: 'waiting', role, ...invite, notice: event.notice }
        : { name: 'left', role, who: 'other' }
    case 'leave':
      return isOpen(state) ? { name: 'left', role, who: 'you' } : state
    case 'fail':
      return { name: 'failed', role, failure: event.failure }
  }
}

/** There is a call, or there will be. */
export function isOpen ({ name }: State): boolean {
  return name !== 'ready' && name !== 'left' && name !== 'failed'
}

function isOver ({ name }: State): boolean {
  return name === 'left' || name === 'failed'
}
