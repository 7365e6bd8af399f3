/* The states of the page and the transitions between them. Independent of the browser, so that every path can be tested. */

import type { Failure } from './failures.js'
import type { Role } from './role.js'

export type State =
  /** before a call; with an invite in the page's URL, the visitor is a guest */
  | { name: 'ready', role: Role }
  /** creating a box, or saying hello to the host; `failures`: how often the server could not be reached, if it is silent */
  | { name: 'opening', role: Role, failures?: number }
  /** the other side is absent; the host has an invite to share and may be told why someone left, and who it was; `failures` as before */
  | { name: 'waiting', role: Role, invite?: string, failures?: number, notice?: Reason, person?: string }
  | { name: 'connecting', role: Role, invite?: string }
  /** `reconnecting`: the connections to everybody are broken */
  | { name: 'connected' | 'reconnecting', role: Role, invite?: string, people: readonly Person[], gone?: Departure, came?: Arrival }
  /** `others`: those who stayed can go on without this person */
  | { name: 'left', role: Role, who: 'you' | 'other', person?: string, others?: true }
  | { name: 'failed', role: Role, failure: Failure }

/** Somebody else in the call, and what is known of the connection to them, or was until it broke. */
export interface Person {
  /** the participant's */
  id: string
  /** by which those without a name can be told apart: this person's own is 1 */
  number: number
  code: string
  /** a different code was shown before, so people must compare again */
  codeChanged?: true
  /** they have compared the code */
  compared?: true
  /** their name, if they gave one */
  name?: string
  /** `rejoining`: the old connection was given up, and the guest says hello again */
  broken?: 'interrupted' | 'rejoining'
}

/** Somebody who is no longer in the call, and why; `host`: they started it. */
export interface Departure { person: Person, notice: Reason, host?: true }

/** Somebody who has come to the others, and their participant's id; `back`: they were here before. */
export interface Arrival { id: string, back?: true }

/** Why the host is waiting again. */
export type Reason = 'left' | Failure

/** What happens in a call, or what the person does. */
export type CallEvent =
  | { type: 'begin', role: Role }
  /** the host's box exists; or the guest's hello is stored */
  | { type: 'opened', invite?: string }
  /** the server does not answer; so many requests in a row have failed */
  | { type: 'serverSilent', failures: number }
  | { type: 'serverAnswered' }
  /** the other side has appeared */
  | { type: 'peerFound' }
  /** the other side could not be connected */
  | { type: 'peerFailed', failure: Failure }
  /** `arrival`: they were not in the call before this person was; `back`: or they were, and had to connect again */
  | { type: 'connected', id: string, code: string, codeChanged?: boolean, arrival?: 'new' | 'back' | undefined }
  /** somebody's name has come; the first one counts */
  | { type: 'named', id: string, person: string }
  /** the person says that both sides show the same code */
  | { type: 'compared', id: string }
  | { type: 'interrupted', id: string, rejoining?: true }
  | { type: 'recovered', id: string }
  /** somebody is gone: they left, or the connection was lost for good; `host`: they started the call */
  | { type: 'peerGone', id: string, notice: Reason, host?: boolean }
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
      // What waits for the other side is not answered before it comes.
      return state.name === 'opening' || (state.name === 'waiting' && event.failures > 0) ? { ...state, failures: event.failures } : state
    case 'serverAnswered': {
      if (!('failures' in state)) return state
      const { failures, ...rest } = state
      return rest
    }
    case 'peerFound':
      return state.name === 'waiting' || (state.name === 'opening' && role === 'guest') ? { name: 'connecting', role, ...invite } : state
    case 'peerFailed':
      return role === 'host' && (state.name === 'connecting' || state.name === 'waiting')
        ? { name: 'waiting', role, ...invite, notice: event.failure }
        : state
    case 'connected': {
      if (!isOpen(state)) return state
      const { id, code } = event
      const people = peopleIn(state)
      const known = people.find(person => person.id === id)
      const person = { id, code, number: known?.number ?? lowestFree(people), ...(event.codeChanged && { codeChanged: true as const }) }
      const all = known === undefined ? [...people, person] : people.map(each => each === known ? person : each)
      const arrival = known === undefined ? event.arrival : 'back'
      return inCall({ role, ...invite, ...(arrival && all.length > 1 && { came: { id, ...(arrival === 'back' && { back: true }) } }) }, all)
    }
    case 'named':
      return change(state, event.id, person => person.name === undefined ? { ...person, name: unlike(peopleIn(state), event.person) } : person)
    case 'compared':
      return change(state, event.id, person => person.broken === undefined ? { ...person, compared: true } : person)
    case 'interrupted':
      return change(state, event.id, person => person.broken === undefined || event.rejoining
        ? { ...person, broken: event.rejoining ? 'rejoining' : 'interrupted' }
        : person)
    case 'recovered':
      return change(state, event.id, person => {
        const { broken, ...rest } = person
        return broken === 'interrupted' ? rest : person
      })
    case 'peerGone': {
      const { notice, host } = event
      const person = peopleIn(state).find(({ id }) => id === event.id)
      if (person === undefined) return state
      const rest = peopleIn(state).filter(each => each !== person)
      if (rest.length > 0) return inCall({ role, ...invite, gone: { person, notice, ...(host && { host }) } }, rest)
      const named = person.name === undefined ? {} : { person: person.name }
      if (role === 'host') return { name: 'waiting', role, ...invite, notice, ...named }
      return notice === 'left' ? { name: 'left', role, who: 'other', ...named } : { name: 'failed', role, failure: notice }
    }
    case 'leave':
      return isOpen(state) ? { name: 'left', role, who: 'you', ...(peopleIn(state).length > 1 && { others: true }) } : state
    case 'fail':
      return { name: 'failed', role, failure: event.failure }
  }
}

/** Whether there is a call or one is being set up. */
export function isOpen ({ name }: State): boolean {
  return name !== 'ready' && name !== 'left' && name !== 'failed'
}

/** Everybody else in the call. */
export function peopleIn (state: State): readonly Person[] {
  return 'people' in state ? state.people : []
}

/** Whether this person's code still counts: a connection that was given up is replaced by one with a code of its own. */
export function hasCode ({ broken }: Person): boolean {
  return broken !== 'rejoining'
}

function inCall (call: { role: Role, invite?: string | undefined, gone?: Departure, came?: Arrival }, people: readonly Person[]): State {
  const { invite, ...rest } = call
  return {
    ...rest,
    name: people.every(({ broken }) => broken !== undefined) ? 'reconnecting' : 'connected',
    ...(invite !== undefined && { invite }),
    people
  }
}

/** Changes one person; if nothing changes, the state stays the same. */
function change (state: State, id: string, to: (person: Person) => Person): State {
  if (!('people' in state)) return state
  const people = state.people.map(person => person.id === id ? to(person) : person)
  return people.every((person, index) => person === state.people[index]) ? state : inCall(state, people)
}

function lowestFree (people: readonly Person[]): number {
  let number = 2
  while (people.some(person => person.number === number)) number++
  return number
}

/** What the page itself calls people. */
const RESERVED = /^(?:you|the other person|person \d+)$/

/** The name, or the name with a number if it is taken: two people are never called what looks the same. */
function unlike (people: readonly Person[], name: string): string {
  const plain = (name = '') => name.normalize('NFKC').replace(/\p{Default_Ignorable_Code_Point}/gu, '').toLowerCase()
  const isTaken = (name: string) => RESERVED.test(plain(name)) || people.some(person => plain(person.name) === plain(name))
  let unique = name
  for (let number = 2; isTaken(unique); number++) unique = `${name} (${number})`
  return unique
}

function isOver ({ name }: State): boolean {
  return name === 'left' || name === 'failed'
}
