import { Scope } from '../scope.js'
import { Allowance } from './allowance.js'
import { answer, type Answering } from './answer.js'
import { asCallError } from './boxes.js'
import { SignalingChannel } from './channel.js'
import type { ControlChannel, ControlMessage } from './control-channel.js'
import { startAsGuest } from './conversation.js'
import { CallError } from './errors.js'
import { notify } from './listen.js'
import { isId, isPublicKey, type Participant } from './participant.js'
import type { Peer } from './peer.js'
import { Queue } from './queue.js'
import { createNonce, openHello, parseSealed, Session, type Role, type SealedMessage } from './sealing.js'
import { sayHello, stay, type Hello } from './stay.js'

/** The most other guests that this one connects with at a time, whatever the host says: six people in a call, with the host. */
const MAX_CONNECTIONS = 4

/** How many are known at a time. More than can be connected: some may be gone without a word. */
const MAX_KNOWN = 8

/** How many conversations with other guests may start at once, and per second: each costs a connection. */
const BURST = 16
const PER_SECOND = 0.2

/** How many guests that were parted from are remembered. */
const MAX_PARTED = 256

/** What may wait to be read of one conversation, in messages and in characters. */
const MAX_ARRIVING = 128
const MAX_ARRIVING_SIZE = 2_097_152

interface OtherGuest {
  readonly id: string
  key: string
  /** this guest's own, in the conversation with the other */
  role: Role
  /** there is something to do when there is room: to say hello, or to answer this one */
  waiting: true | SealedMessage | undefined
  /** set from the first step of a conversation until the connection that came of it has ended */
  scope: Scope | undefined
  connected: boolean
  /** the host has said so */
  gone: boolean
  /** the conversation's own nonce, and what arrives for it */
  nonce: string | undefined
  arriving: Queue<SealedMessage> | undefined
}

/**
 * The other guests of a call, on a guest's side: connects with those that the host introduces, through the host.
 * From then on, the two do not need it.
 */
export class OtherGuests {
  readonly #known = new Map<string, OtherGuest>()
  readonly #peers = new Set<Peer>()
  /** Those that one of the two has left on purpose: an introduction must not undo that. */
  readonly #parted = new Set<string>()
  readonly #starts = new Allowance(BURST, PER_SECOND)
  #host: ControlChannel | undefined
  #busy = 0
  #idle: (() => void)[] = []

  /** @param connected called with every new peer */
  constructor (
    private readonly own: Participant,
    private readonly answering: Answering,
    private readonly scope: Scope,
    private readonly connected: (peer: Peer) => void
  ) {}

  /** Call with every new connection to the host, before it is up. */
  listenTo (host: ControlChannel): void {
    this.#host = host
    // This host says anew who is there.
    for (const other of this.#known.values()) this.#setGone(other)
    host.on('meet', message => { this.#meet(message) })
    host.on('left', ({ id }) => {
      const other = this.#known.get(id as string)
      if (other === undefined) return
      this.#setGone(other)
      if (!other.connected) other.scope?.end(new CallError('CALL_ERR_CLOSED'))
    })
    host.on('relay', ({ from, message }) => { this.#arrive(this.#known.get(from as string), parseSealed(message)) })
  }

  /** Resolves when no other guest is connected, or about to be. */
  async none (): Promise<void> {
    while (this.#busy > 0) await new Promise<void>(resolve => { this.#idle.push(resolve) })
  }

  /** Leaves them all, and tells them. */
  async close (): Promise<void> {
    await Promise.all([...this.#peers].map(peer => peer.close()))
  }

  #meet ({ id, key, role }: ControlMessage): void {
    if (!isId(id) || !isPublicKey(key) || (role !== 'host' && role !== 'guest')) throw new CallError('CALL_ERR_FORMAT')
    if (id === this.own.id || key === this.own.key || this.#parted.has(id)) return
    let other = this.#known.get(id)
    if (other === undefined) {
      if (this.#known.size >= MAX_KNOWN) return
      other = { id, key, role, waiting: undefined, scope: undefined, connected: false, gone: false, nonce: undefined, arriving: undefined }
      this.#known.set(id, other)
    }
    other.gone = false
    // Those who are connected need no introduction.
    if (other.scope !== undefined) return
    Object.assign(other, { key, role })
    if (role === 'guest') other.waiting = true
    this.#startWaiting()
  }

  #arrive (other: OtherGuest | undefined, message: SealedMessage): void {
    if (other === undefined) return
    const [nonce] = message.session.split('.')
    if (nonce === other.nonce) {
      // What is lost ends the conversation: the next message is out of order.
      other.arriving?.push(message, message.sealed.length)
    } else if (other.role === 'host' && message.session === nonce) {
      other.waiting = message
      this.#startWaiting()
    }
  }

  #setGone (other: OtherGuest): void {
    other.gone = true
    other.waiting = undefined
    if (other.scope === undefined) this.#known.delete(other.id)
  }

  /** One connection with each at a time: a new hello waits until the last one is known to be over. */
  #startWaiting (): void {
    for (const other of this.#known.values()) {
      if (this.#busy >= MAX_CONNECTIONS || this.scope.signal.aborted) return
      const { waiting } = other
      if (other.scope !== undefined || waiting === undefined || this.#parted.has(other.id)) continue
      other.waiting = undefined
      if (this.#starts.take()) void this.#converse(other, waiting)
    }
  }

  async #converse (other: OtherGuest, begin: true | SealedMessage): Promise<void> {
    this.#busy++
    const scope = other.scope = new Scope(this.scope)
    try {
      await (begin === true ? this.#visit(other, scope.signal) : this.#receive(other, begin, scope.signal))
    } catch (error) {
      const reason = asCallError(error)
      if (reason instanceof CallError && !scope.signal.aborted) notify(this.answering.refused, reason)
    }
    scope.end()
    other.scope = undefined
    this.#busy--
    if (other.gone) this.#known.delete(other.id)
    this.#startWaiting()
    if (this.#busy === 0) for (const resolve of this.#idle.splice(0)) resolve()
  }

  /** Says hello, and stays connected as well as it can. */
  async #visit (other: OtherGuest, signal: AbortSignal): Promise<void> {
    const { id } = other
    const { attempts, settings, createConnection, refused } = this.answering
    const ends = new Map<unknown, (counts: boolean) => void>()
    const hello = async (): Promise<Hello> => {
      const end = await attempts.begin()
      try {
        const said = await sayHello(createConnection, async commitment => {
          const guestNonce = createNonce()
          const arriving = this.#open(other, guestNonce)
          const key = await this.own.keyWith(other, 'guest')
          return await startAsGuest({
            key, drop: this.own.id, guestNonce, hello: { commitment }, deliver: this.#deliver, arriving, ended: () => { arriving.end() }, signal
          })
        })
        ends.set(said.channel, end)
        return said
      } catch (error) {
        end(false)
        throw error
      }
    }
    await stay(await hello(), {
      id,
      sayHello: hello,
      settings,
      signal,
      connected: peer => { this.#connect(other, peer) },
      // One that was not answered has told nobody anything.
      compared: ({ channel }, yes) => {
        const failed = !yes && settings.compare && channel.session !== undefined
        ends.get(channel)?.(failed)
        if (failed && attempts.exhausted) notify(refused, new CallError('CALL_ERR_ATTEMPTS'))
      }
    })
  }

  /** Answers a hello. */
  async #receive (other: OtherGuest, message: SealedMessage, signal: AbortSignal): Promise<void> {
    const key = await this.own.keyWith(other, 'host')
    const { drop, hello } = Object(await openHello(key, message)) as { drop?: unknown, hello?: unknown }
    if (drop !== other.id) throw new CallError('CALL_ERR_FORMAT')
    const session = await Session.create(key, { role: 'host', guestDrop: other.id, guestNonce: message.session, hostNonce: createNonce() })
    const arriving = this.#open(other, message.session)
    const channel = new SignalingChannel(this.#deliver, hello, () => { arriving.end() }, signal)
    channel.start(session)
    void (async () => { for await (const message of arriving) await channel.receive(message) })()
    let peer: Peer | undefined
    await answer(channel, other.id, { ...this.answering, signal }, connected => { this.#connect(other, peer = connected) })
    await peer?.closed
  }

  #open (other: OtherGuest, nonce: string): Queue<SealedMessage> {
    const arriving = new Queue<SealedMessage>(MAX_ARRIVING, MAX_ARRIVING_SIZE)
    Object.assign(other, { nonce, arriving })
    return arriving
  }

  readonly #deliver = async (message: SealedMessage): Promise<void> => {
    if (this.#host?.send({ type: 'relay', message }) !== true) throw new CallError('CALL_ERR_GONE')
  }

  #connect (other: OtherGuest, peer: Peer): void {
    other.connected = true
    this.#peers.add(peer)
    void peer.closed.then(reason => {
      other.connected = false
      this.#peers.delete(peer)
      if (reason === undefined && this.#parted.size < MAX_PARTED) this.#parted.add(other.id)
    })
    this.connected(peer)
  }
}
