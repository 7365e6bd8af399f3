import { Allowance } from './allowance.js'
import { utf8 } from '../bytes.js'
import { EarlyMessages } from './early-messages.js'
import { CallError } from './errors.js'
import { MAX_VALUE_BYTES, PieceAssembler, splitIntoPieces } from './pieces.js'

/** Far from the ids that applications and implementations count up from 0, and low enough for every implementation. */
const ID = 255

/** The longest text, in characters, and the size in bytes from which a message is sent in pieces: well below 64 KiB, which all can send. */
const MAX_TEXT = 65_536
const WHOLE_BYTES = 32_768

/** How many messages the other side may send at once, and per second: as many as through a server with default limits. */
const BURST = 600
const PER_SECOND = 10

/** A message between the two libraries. A side ignores types and members that it does not know. */
export interface ControlMessage {
  readonly type: string
  readonly [member: string]: unknown
}

/** @param size the length of its text */
type Handler = (message: ControlMessage, size: number) => void

/**
 * The library's own data channel, beside the application's. Each kind of message has one handler, to be added
 * before `start`; if it throws, the other side has sent something that ends the connection.
 *
 * Whoever is at the other end may send anything, so texts, their number and their rate are limited.
 */
export class ControlChannel {
  readonly #channel: RTCDataChannel
  readonly #early: EarlyMessages
  readonly #handlers = new Map<string, Handler>()
  readonly #assembler = new PieceAssembler(MAX_VALUE_BYTES)
  /** the length of the message that is arriving in pieces */
  #size = 0
  readonly #allowance = new Allowance(BURST, PER_SECOND)
  #failed = false
  readonly opened: Promise<void>
  /** Called once with what makes this channel unusable. */
  onError = (_error: unknown): void => {}

  constructor (connection: RTCPeerConnection) {
    this.#channel = connection.createDataChannel('signalbox-control', { negotiated: true, id: ID })
    this.#early = new EarlyMessages(this.#channel)
    this.opened = new Promise(resolve => { this.#channel.addEventListener('open', () => { resolve() }) })
    this.#early.onFull = () => { this.#fail(new CallError('CALL_ERR_FULL')) }
  }

  get open (): boolean {
    return this.#channel.readyState === 'open'
  }

  /** How many bytes wait to be sent. */
  get backlog (): number {
    return this.#channel.bufferedAmount
  }

  /** Calls the handler with every message of a type. */
  on (type: string, handler: Handler): void {
    this.#handlers.set(type, handler)
  }

  onClose (callback: () => void): void {
    this.#channel.addEventListener('close', callback)
  }

  /** Delivers what has arrived since the connection was made, and everything from now on. */
  start (): void {
    this.#channel.addEventListener('message', ({ data }) => { this.#receive(data) })
    this.#early.release()
  }

  /** @returns whether it was sent; if the path is broken, it arrives once the path is restored */
  send (message: ControlMessage): boolean {
    if (!this.open) return false
    const text = JSON.stringify(message)
    const parts = utf8(text).length <= WHOLE_BYTES
      ? [text]
      : splitIntoPieces(text).map(piece => JSON.stringify({ type: 'piece', ...piece }))
    try {
      for (const part of parts) this.#channel.send(part)
      return true
    } catch {
      // Its buffer is full, or it is closing. A message that was sent in part must not be continued by another.
      this.#channel.close()
      return false
    }
  }

  #receive (data: unknown): void {
    if (this.#failed) return
    try {
      if (!this.#allowance.take()) throw new CallError('CALL_ERR_FULL')
      if (typeof data !== 'string') throw new CallError('CALL_ERR_FORMAT')
      if (data.length > MAX_TEXT) throw new CallError('CALL_ERR_TOO_LARGE')
      this.#size += data.length
      let message = parse(data)
      if (message.type === 'piece') {
        const whole = this.#assembler.add(message)
        if (whole === undefined) return
        message = check(whole)
      } else if (!this.#assembler.empty) {
        throw new CallError('CALL_ERR_FORMAT')
      }
      const size = this.#size
      this.#size = 0
      this.#handlers.get(message.type)?.(message, size)
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail (error: unknown): void {
    if (this.#failed) return
    this.#failed = true
    this.onError(error)
  }
}

function parse (text: string): ControlMessage {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new CallError('CALL_ERR_FORMAT', { cause })
  }
  return check(value)
}

function check (value: unknown): ControlMessage {
  if (typeof Object(value).type !== 'string') throw new CallError('CALL_ERR_FORMAT')
  return value as ControlMessage
}
