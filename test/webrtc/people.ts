import type { Test } from 'tap'
import type { Call, HostedCall, HostOptions } from '../../clients/typescript/src/webrtc/host.js'
import type { JoinOptions } from '../../clients/typescript/src/webrtc/join.js'
import type { Peer, Timeouts } from '../../clients/typescript/src/webrtc/peer.js'
import { hear, hostAt, joinTo } from './node-peers.js'

/** Somebody in a call of several, with the peers that are connected. */
export class Person<C extends Call = Call> {
  readonly peers = new Map<string, Peer>()
  /** the ids of everyone who ever came */
  readonly came: string[] = []
  /** Resolves or rejects as the loop over the peers does. */
  readonly over: Promise<void>
  #waiting: (() => void)[] = []

  constructor (readonly call: C) {
    this.over = this.#follow()
    this.over.catch(() => {})
  }

  get id (): string { return this.call.id }

  /** Resolves when exactly these are connected, besides this one. */
  async with (...people: Person[]): Promise<void> {
    const ids = people.filter(person => person !== this).map(({ id }) => id).sort().join()
    while ([...this.peers.keys()].sort().join() !== ids) await new Promise<void>(resolve => { this.#waiting.push(resolve) })
  }

  to (person: Person): Peer {
    const peer = this.peers.get(person.id)
    if (peer === undefined) throw new Error('They are not connected')
    return peer
  }

  async #follow (): Promise<void> {
    for await (const peer of this.call.peers) {
      this.came.push(peer.id)
      this.peers.set(peer.id, peer)
      void peer.closed.then(() => {
        if (this.peers.get(peer.id) === peer) this.peers.delete(peer.id)
        this.#wake()
      })
      this.#wake()
    }
  }

  #wake (): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

export async function hostOf (t: Test, server: string, options: Partial<HostOptions> = {}, timeouts: Partial<Timeouts> = {}): Promise<Person<HostedCall>> {
  return new Person(await hostAt(t, server, { mesh: true, ...options }, timeouts))
}

export async function guestOf (t: Test, { call }: Person<HostedCall>, options: JoinOptions = {}, timeouts: Partial<Timeouts> = {}): Promise<Person> {
  return new Person(await joinTo(t, call.invite, { mesh: true, ...options }, timeouts))
}

/** Resolves when everyone is connected with everyone. */
export async function together (...people: Person[]): Promise<void> {
  await Promise.all(people.map(person => person.with(...people)))
}

export function pairs (people: Person[]): [Person, Person][] {
  return people.flatMap((one, index) => people.slice(index + 1).map((other): [Person, Person] => [one, other]))
}

/** Each two hear each other, and see the same code. @returns the codes */
export async function talk (t: Test, ...people: Person[]): Promise<string[]> {
  return await Promise.all(pairs(people).map(async ([one, other]) => {
    const [here, there] = [one.to(other), other.to(one)]
    const heard = Promise.all([hear(here), hear(there)])
    here.channel.send(`from ${one.id}`)
    there.channel.send(`from ${other.id}`)
    t.strictSame(await heard, [`from ${other.id}`, `from ${one.id}`])
    t.equal(here.code, there.code)
    return here.code
  }))
}
