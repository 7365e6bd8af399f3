import { Scope } from '../scope.js'
import type { Allowance } from './allowance.js'
import { answer, type Answering } from './answer.js'
import { SignalingChannel, type Channel } from './channel.js'
import type { ControlChannel, ControlMessage } from './control-channel.js'
import { startAsGuest } from './conversation.js'
import { asCallError, CallError } from './errors.js'
import { notify } from './notify.js'
import { isId, isPublicKey, type Participant } from './participant.js'
import { PairLimits } from './pair-limits.js'
import type { Peer } from './peer.js'
import { Queue } from './queue.js'
import { createNonce, openHello, parseSealed, Session, type SealedMessage } from './sealing.js'
import { sayHello, stay, type Hello } from './stay.js'

/** The most other guests that this one is connected to at a time, whatever the host says: with the host, six people. */
const MAX_CONNECTIONS = 4

/** How many are known at a time: more than can be connected, since some may have gone without saying so. */
const MAX_KNOWN = 8

/** How many guests are remembered whose connection was closed on purpose. */
const MAX_CLOSED = 256

/** How much of one conversation may wait to be read, in messages and in characters. */
const MAX_ARRIVING = 128
const MAX_ARRIVING_SIZE = 2_097_152

/** A conversation, from its first step until the connection that it led to has ended. */
interface Conversation {
  readonly scope: Scope
  /** its own nonce, and what arrives for it */
  nonce?: string
  arriving?: Queue<SealedMessage>
  channel?: Channel
  connected: boolean
}

interface OtherGuest {
  readonly id: string
  key: string
  /** whether it is in the call, as the host says */
  present: boolean
  /** what to do when there is room and no conversation: to say hello, or to answer this one */
  next: 'hello' | SealedMessage | undefined
  conversation: Conversation | undefined
  readonly starts: Allowance
}

/**
 * The other guests of a call, on a guest's side: connects to those that the host introduces, with messages that the
 * host relays. Once connected, two guests do not need the host.
 *
 * The host says who is present. When that changes for a guest, a conversation that has not led to a connection ends.
 * An introduction starts the next one: at once, or when the current connection has ended.
 */
export class OtherGuests {
  readonly #known = new Map<string, OtherGuest>()
  readonly #peers = new Set<Peer>()
  /** Guests whose connection either side closed on purpose: an introduction must not undo that. */
  readonly #closedOnPurpose = new Set<string>()
  readonly #limits: PairLimits
  #host: ControlChannel | undefined
  #busy = 0
  #closing = false
  #idle: (() => void)[] = []

  /** @param connected called with every new peer */
  constructor (
    private readonly own: Participant,
    private readonly answering: Answering,
    private readonly scope: Scope,
    private readonly connected: (peer: Peer) => void
  ) {
    this.#limits = new PairLimits(answering.attempts)
  }

  /** Call with every new connection to the host, before it is up. */
  listenTo (host: ControlChannel): void {
    this.#host = host
    // This host announces everyone again.
    for (const other of this.#known.values()) this.#setAbsent(other)
    host.on('meet', message => { this.#meet(message) })
    host.on('left', ({ id }) => {
      const other = this.#known.get(id as string)
      if (other !== undefined) this.#setAbsent(other)
    })
    host.on('relay', ({ from, message }) => { this.#arrive(this.#known.get(from as string), parseSealed(message)) })
  }

  /** Resolves when no other guest is connected, or about to be. */
  async none (): Promise<void> {
    while (this.#busy > 0) await new Promise<void>(resolve => { this.#idle.push(resolve) })
  }

  /** Whether leaving takes the host: two guests without a path between them can tell each other only through it. */
  get needHost (): boolean {
    return [...this.#known.values()].some(({ conversation }) => conversation?.connected === false) ||
      [...this.#peers].some(({ connection }) => connection.connectionState !== 'connected')
  }

  /** Leaves them all, and tells them. What can be said without the host is sent before this returns. */
  async close (): Promise<void> {
    this.#closing = true
    const pending = [...this.#known.values()].map(({ conversation }) => conversation?.connected === false ? conversation.channel?.close() : undefined)
    await Promise.all([...[...this.#peers].map(peer => peer.close()), ...pending])
  }

  #meet ({ id, key }: ControlMessage): void {
    if (!isId(id) || !isPublicKey(key)) throw new CallError('CALL_ERR_FORMAT')
    if (id === this.own.id || key === this.own.key || this.#closedOnPurpose.has(id)) return
    let other = this.#known.get(id)
    if (other === undefined) {
      if (this.#known.size >= MAX_KNOWN) return
      other = { id, key, present: true, next: undefined, conversation: undefined, starts: this.#limits.startsOfOne() }
      this.#known.set(id, other)
    }
    this.#abandon(other)
    other.key = key
    other.present = true
    other.next = this.own.roleWith(id) === 'guest' ? 'hello' : undefined
    this.#startNext()
  }

  #setAbsent (other: OtherGuest): void {
    other.present = false
    other.next = undefined
    this.#abandon(other)
    this.#forget(other)
  }

  /** Ends what has not led to a connection. */
  #abandon ({ conversation }: OtherGuest): void {
    if (conversation?.connected === false) conversation.scope.end(new CallError('CALL_ERR_CLOSED'))
  }

  #forget (other: OtherGuest): void {
    if (!other.present && other.conversation === undefined) this.#known.delete(other.id)
  }

  #arrive (other: OtherGuest | undefined, message: SealedMessage): void {
    if (other === undefined) return
    const [nonce] = message.session.split('.')
    if (nonce === other.conversation?.nonce) {
      // A message that does not fit ends the conversation: the next one is then out of order.
      other.conversation?.arriving?.push(message, message.sealed.length)
    } else if (other.present && message.session === nonce && this.own.roleWith(other.id) === 'host') {
      other.next = message
      this.#startNext()
    }
  }

  /** One conversation with each at a time: a new hello waits until the last one is known to be over. */
  #startNext (): void {
    for (const other of this.#known.values()) {
      if (this.#closing || this.scope.signal.aborted) return
      if (other.conversation !== undefined || other.next === undefined || this.#closedOnPurpose.has(other.id)) continue
      if (this.#busy >= MAX_CONNECTIONS) {
        this.#displace()
        return
      }
      void this.#converse(other, other.next)
    }
  }

  /** Makes room for a guest of the call: someone who is connected but no longer in the call gives way. */
  #displace (): void {
    const absent = [...this.#known.values()].find(({ present, conversation }) => !present && conversation !== undefined)
    absent?.conversation?.scope.end(new CallError('CALL_ERR_LOST'))
  }

  async #converse (other: OtherGuest, begin: 'hello' | SealedMessage): Promise<void> {
    const conversation: Conversation = { scope: new Scope(this.scope), connected: false }
    this.#busy++
    other.conversation = conversation
    other.next = undefined
    const { scope } = conversation
    try {
      await (begin === 'hello' ? this.#visit(other, conversation) : this.#receive(other, conversation, begin))
    } catch (error) {
      const reason = reasonOf(error)
      if (reason instanceof CallError && !scope.signal.aborted && !this.#closing) notify(this.answering.refused, reason, other.id)
    }
    scope.end()
    other.conversation = undefined
    this.#busy--
    this.#forget(other)
    this.#startNext()
    if (this.#busy === 0) for (const resolve of this.#idle.splice(0)) resolve()
  }

  /** Says hello, and stays connected for as long as it can. */
  async #visit (other: OtherGuest, conversation: Conversation): Promise<void> {
    const { id } = other
    const { signal } = conversation.scope
    const { settings, createConnection, refused } = this.answering
    const attempts = this.#limits.attemptsOf(id, this.#known)
    const hello = async (): Promise<Hello> => {
      conversation.connected = false
      other.next = undefined
      await this.#limits.turn(other.starts, conversation.scope)
      const endAttempt = await attempts.begin(signal)
      try {
        const said = await sayHello(createConnection, async committing => {
          const guestNonce = createNonce()
          const arriving = this.#open(conversation, guestNonce)
          const [key, { commitment }] = await Promise.all([this.own.keyWith(other), committing])
          const channel = await startAsGuest({
            key, drop: this.own.id, guestNonce, hello: { commitment }, deliver: this.#deliver, arriving, ended: () => { arriving.end() }, signal
          })
          conversation.channel = channel
          return channel
        })
        return { ...said, endAttempt }
      } catch (error) {
        endAttempt('free')
        throw error
      }
    }
    await stay(await hello(), {
      id,
      sayHello: hello,
      settings,
      signal,
      connected: peer => { this.#connect(other, conversation, peer) },
      // A hello that was not answered has revealed nothing.
      compared: ({ channel, endAttempt }, yes) => {
        const free = !settings.compare || channel.session === undefined
        endAttempt?.(free ? 'free' : yes ? 'compared' : 'failed')
        if (!free && attempts.exhausted) notify(refused, new CallError('CALL_ERR_ATTEMPTS'), id)
      }
    })
  }

  /** Answers a hello. */
  async #receive (other: OtherGuest, conversation: Conversation, message: SealedMessage): Promise<void> {
    const { signal } = conversation.scope
    const key = await this.own.keyWith(other)
    const { drop, hello } = Object(await openHello(key, message)) as { drop?: unknown, hello?: unknown }
    if (drop !== other.id) throw new CallError('CALL_ERR_FORMAT')
    const arriving = this.#open(conversation, message.session)
    // The hello counts against that guest only now that its sender is certain.
    await this.#limits.turn(other.starts, conversation.scope)
    const session = await Session.create(key, { role: 'host', guestDrop: other.id, guestNonce: message.session, hostNonce: createNonce() })
    const channel = conversation.channel = new SignalingChannel(this.#deliver, hello, () => { arriving.end() }, signal)
    channel.start(session)
    void (async () => { for await (const message of arriving) await channel.receive(message) })()
    let peer: Peer | undefined
    await answer(channel, other.id, { ...this.answering, attempts: this.#limits.attemptsOf(other.id, this.#known), signal }, connected => {
      this.#connect(other, conversation, peer = connected)
    })
    await peer?.closed
  }

  #open (conversation: Conversation, nonce: string): Queue<SealedMessage> {
    const arriving = new Queue<SealedMessage>(MAX_ARRIVING, MAX_ARRIVING_SIZE)
    Object.assign(conversation, { nonce, arriving })
    return arriving
  }

  readonly #deliver = async (message: SealedMessage): Promise<void> => {
    if (this.#host?.send({ type: 'relay', message }) !== true) throw new CallError('CALL_ERR_GONE')
  }

  #connect (other: OtherGuest, conversation: Conversation, peer: Peer): void {
    conversation.connected = true
    this.#peers.add(peer)
    void peer.closed.then(reason => {
      this.#peers.delete(peer)
      if (reason === undefined && this.#closedOnPurpose.size < MAX_CLOSED) this.#closedOnPurpose.add(other.id)
      // A guest that has left does not answer.
      if (!other.present) conversation.scope.end(reason)
    })
    this.connected(peer)
  }
}

/** Why two guests are not, or no longer, connected. Without a host to relay, they have lost each other, but the call goes on. */
function reasonOf (error: unknown): unknown {
  const reason = asCallError(error)
  return reason instanceof CallError && reason.code === 'CALL_ERR_GONE' ? new CallError('CALL_ERR_LOST', { cause: reason }) : reason
}
