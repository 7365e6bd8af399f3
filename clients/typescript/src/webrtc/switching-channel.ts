import { MAX_UNREAD, type Channel } from './channel.js'
import type { ControlChannel, ControlMessage } from './control-channel.js'
import { deferred } from './deferred.js'
import { endMessageFor, errorOf, isEndMessage } from './ending.js'
import { CallError, isOnlySignaling } from './errors.js'
import { MAX_VALUE_BYTES } from './pieces.js'
import { Queue } from './queue.js'
import { utf8 } from '../bytes.js'
import type { Session } from './sealing.js'

/**
 * How much is kept at most until the other side has it, in bytes and in values: more than a negotiation needs. Both
 * sides can repeat that much at once, and report each value as seen, without sending more than the other accepts.
 */
const MAX_UNSEEN_BYTES = 1_048_576
const MAX_UNSEEN = 256

interface Value { seq: number }
interface Kept { size: number, value: Value }
interface Arrived { value: unknown, taken?: () => void }

/**
 * One conversation over two paths: the boxes, and the control channel whenever the connection is up and both
 * sides have one.
 *
 * Every value has a number, the same on either path. Whenever a side changes paths, it first repeats what the
 * other side has not reported as seen, except what it has already sent on that path: a path may be slow, but skips nothing.
 * So each path has no gaps of its own, whatever is lost or late on the other, and the receiver takes the first
 * copy of each value and ignores the rest.
 */
export class SwitchingChannel implements Channel {
  readonly #inbox = new Queue<Arrived>(1024, MAX_UNREAD)
  #sent = 0
  #received = 0
  /** what the other side may not have; undefined once that is too much to keep, and only the boxes are left */
  #unseen: Kept[] | undefined = []
  #unseenBytes = 0
  /** whether the other side has a control channel too */
  #supported = false
  /** whether the connection has a path: while it looks for another, it may still have the old one */
  #up = true
  #path: 'box' | 'control' = 'box'
  /** the last number that went each way */
  readonly #last = { box: 0, control: 0 }
  #started = false
  #closed: Promise<void> | undefined
  /** resolves when the other side has ended, or can no longer say so */
  readonly #over = deferred<void>()

  /** Called with every value that arrives through the boxes. */
  onValue = (): void => {}

  /** @param signal unlike an end, an abort is not told to the other side */
  constructor (
    private readonly box: Channel,
    private readonly control: ControlChannel,
    private readonly connection: RTCPeerConnection,
    private readonly signal: AbortSignal | undefined
  ) {
    control.onError = error => { this.#inbox.end(error) }
    control.on('seen', this.#onSeen)
    control.on('signal', this.#onSignal)
    control.on('end', this.#onEnd)
    control.onClose(() => {
      this.#over.resolve()
      this.#choosePath()
    })
    connection.addEventListener('connectionstatechange', this.#onState)
    void this.#readBox()
  }

  get hello (): unknown { return this.box.hello }
  get session (): Session | undefined { return this.box.session }

  /** Call when the certificates are verified: only then does anything on the control channel count. */
  start (): void {
    this.#started = true
    this.control.start()
    void this.control.opened.then(() => { this.#tellSeen() })
  }

  async send (value: object): Promise<void> {
    const numbered = { seq: this.#sent + 1, ...value }
    const size = utf8(JSON.stringify(signal(numbered))).length
    if (size > MAX_VALUE_BYTES) throw new CallError('CALL_ERR_TOO_LARGE')
    this.#sent++
    this.#keep({ size, value: numbered })
    await this.#transmit(numbered)
  }

  /** Resolves when the other side is likely to know. */
  close (reason?: unknown): Promise<void> {
    this.#inbox.end(reason)
    this.#closed ??= this.#finish(reason)
    return this.#closed
  }

  async * [Symbol.asyncIterator] (): AsyncGenerator<unknown, void> {
    for await (const { value, taken } of this.#inbox) {
      yield value
      taken?.()
    }
  }

  async #finish (reason: unknown): Promise<void> {
    this.connection.removeEventListener('connectionstatechange', this.#onState)
    const told = !this.signal?.aborted && this.control.send({ type: 'end', ...endMessageFor(reason) })
    // Through the boxes too: the path may be broken, and an older version does not listen to anything else.
    const stored = this.box.close(reason)
    await (told ? Promise.race(this.#supported ? [this.#over.promise] : [this.#over.promise, stored]) : stored)
  }

  #keep (kept: Kept): void {
    if (this.#unseen === undefined) return
    this.#unseen.push(kept)
    this.#unseenBytes += kept.size
    if (this.#unseen.length <= MAX_UNSEEN && this.#unseenBytes <= MAX_UNSEEN_BYTES) return
    if (this.#supported) throw new CallError('CALL_ERR_FULL')
    this.#unseen = undefined
  }

  async #transmit (value: Value): Promise<void> {
    if (value.seq <= this.#last[this.#path]) return
    this.#last[this.#path] = value.seq
    if (this.#path === 'control') {
      // If that fails, the boxes are next, and everything unseen is repeated there.
      if (!this.control.send(signal(value))) this.#choosePath()
      return
    }
    try {
      await this.box.send(value)
    } catch (error) {
      if (!this.#outlives(error)) throw error
    }
  }

  /** A connected call goes on without its boxes, even if there is no other way to negotiate. */
  #outlives (error: unknown): boolean {
    return this.#started && isOnlySignaling(error)
  }

  readonly #onState = (): void => {
    const { connectionState } = this.connection
    if (connectionState === 'connected') this.#up = true
    else if (connectionState !== 'new' && connectionState !== 'connecting') this.#up = false
    this.#choosePath()
  }

  readonly #choosePath = (): void => {
    if (this.#closed !== undefined) return
    const usable = this.#supported && this.#unseen !== undefined && this.control.open && this.#up
    const path = usable ? 'control' : 'box'
    if (path === this.#path) return
    this.#path = path
    for (const { value } of this.#unseen ?? []) this.#transmit(value).catch(error => { void this.close(error) })
  }

  async #readBox (): Promise<void> {
    try {
      for await (const value of this.box) {
        this.onValue()
        if (!this.#isNew(value)) continue
        // The box keeps the rest until this one is handled.
        await new Promise<void>(resolve => { if (!this.#inbox.push({ value, taken: resolve })) resolve() })
      }
      this.#inbox.end()
    } catch (error) {
      if (!this.#outlives(error)) this.#inbox.end(error)
    }
  }

  readonly #onSignal = (value: ControlMessage, size: number): void => {
    if (value['seq'] === undefined) throw new CallError('CALL_ERR_FORMAT')
    if (this.#isNew(value) && !this.#inbox.push({ value }, size)) throw new CallError('CALL_ERR_FULL')
    this.#tellSeen()
  }

  /** Older versions do not number their values. */
  #isNew (value: unknown): boolean {
    if (Object(value) !== value || Array.isArray(value)) throw new CallError('CALL_ERR_FORMAT')
    const { seq } = value as { seq?: unknown }
    if (seq === undefined) return true
    if (!isCount(seq)) throw new CallError('CALL_ERR_FORMAT')
    if (seq > this.#received + 1) throw new CallError('CALL_ERR_ORDER')
    if (seq <= this.#received) return false
    this.#received = seq
    return true
  }

  #tellSeen (): void {
    this.control.send({ type: 'seen', seq: this.#received })
  }

  readonly #onSeen = ({ seq }: ControlMessage): void => {
    if (!isCount(seq) || seq > this.#sent) throw new CallError('CALL_ERR_FORMAT')
    this.#supported = true
    while (this.#unseen?.[0] !== undefined && this.#unseen[0].value.seq <= seq) this.#unseenBytes -= this.#unseen.shift()!.size
    this.#choosePath()
  }

  readonly #onEnd = (message: ControlMessage): void => {
    this.#over.resolve()
    this.#inbox.end(isEndMessage(message) ? errorOf(message) : undefined)
  }
}

/** A value as it goes over the control channel, the longer of its two forms. */
function signal (value: Value): ControlMessage {
  return { type: 'signal', ...value }
}

function isCount (value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
