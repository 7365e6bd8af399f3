/// <reference lib="esnext.disposable" preserve="true" />
import { baseUrl } from '../address.js'
import type { CallOptions } from '../box.js'
import { firstRequest } from '../first-request.js'
import { follow, type Message, type Source } from '../follow.js'
import { createBoxClient, dataOf, MAX_RESPONSE_BYTES, type ClientOptions } from '../http.js'
import { createTimings, defaultTimings, type Timings } from '../retry.js'
import { Scope } from '../scope.js'
import { Sender, toJson } from '../sender.js'
import { isCreated } from '../shapes.js'
import { isGone, Position } from './position.js'
import { RoomKey } from './sealing.js'
import { createSecret } from './secret.js'

/** The options of `Room.join`. */
export interface RoomOptions extends ClientOptions {
  /** what all members share: the result of `Room.createSecret()`. Whoever has it is a member */
  secret: string
  /** what the room is for, such as your application's name. With another name, the same secret leads to another room */
  name: string
  /**
   * how long a message is kept, in seconds. The same for all members: the one who comes first decides
   * @default 60
   */
  keep?: number | undefined
  /** the idle lifetime of the room in seconds, at least `keep`; the server's default if absent */
  ttl?: number | undefined
  /** aborts everything this object does */
  signal?: AbortSignal | undefined
}

/** How many nonces are remembered: more messages than a room holds by default. */
const REMEMBERED = 4_096
/** How often a room is opened again for one attempt at a request. */
const MAX_OPENINGS = 3

/**
 * A room on a server, for everyone who has its secret. Each member reads every message that is sent while it is in the
 * room, its own too, and before that those that are kept. Messages arrive in order and once each, across disconnections
 * and server restarts. They are sealed: the server can neither read nor change them. A malicious one can withhold them,
 * though, put them in another order and under other numbers, and keep them for longer than `keep`, for members that join
 * later.
 *
 * If the room expires or is deleted, it is opened again; what it held is gone. A member that is away for longer than a
 * message is kept, or than the room has space for, misses messages.
 *
 * Methods reject with the same errors as those of `Box`.
 */
export class Room {
  readonly #source: Source
  readonly #body: { keep: number, ttl?: number }
  readonly #key: RoomKey
  readonly #scope: Scope
  readonly #sender: Sender
  readonly #position: Position
  readonly #seen = new Set<string>()
  #loop: Scope | undefined
  #left = false

  private constructor (server: string, options: RoomOptions, key: RoomKey, timings: Timings) {
    this.#source = { client: createBoxClient(server, options), server, options, path: { box: key.box }, timings, maxResponseBytes: options.maxResponseBytes ?? MAX_RESPONSE_BYTES }
    this.#body = { keep: options.keep ?? 60, ...(options.ttl !== undefined && { ttl: options.ttl }) }
    this.#key = key
    this.#scope = new Scope(undefined, options.signal)
    this.#sender = new Sender(this.#source, this.#scope, (request, scope) => this.#inRoom(request, scope))
    this.#position = new Position(this.#source, scope => this.#open(scope))
  }

  /** Makes a secret that nobody can guess: 32 random bytes in base64url. Pass it to the other members, but not through the server. */
  static createSecret (): string {
    return createSecret()
  }

  /**
   * Opens the room of this secret and name. The first member to come creates it.
   * @param server the base URL of the box routes, such as `https://example.com/prefix`
   * @throws TypeError if the secret could be guessed, the server is not an http or https URL, or the page is neither on
   * HTTPS nor on localhost
   * @throws BoxError if the server refuses, for example with `BOX_ERR_RATE` or `BOX_ERR_INVALID`
   */
  static async join (server: string | URL, options: RoomOptions): Promise<Room> {
    return await Room.joinWith(createTimings, defaultTimings, server, options)
  }

  /** @internal */
  static async joinWith (first: Timings, timings: Timings, server: string | URL, options: RoomOptions): Promise<Room> {
    if (typeof options.name !== 'string' || options.name === '') throw new TypeError("The option 'name' must be a string that is not empty")
    const base = baseUrl(server)
    const room = new Room(base, options, await RoomKey.derive(options.secret, options.name), timings)
    try {
      await firstRequest(first, base, scope => room.#open(scope), options.signal)
      return room
    } catch (error) {
      room.#scope.end(error)
      throw error
    }
  }

  /**
   * Sends a message to everyone in the room, including this member.
   * @param message any JSON value. Sealed, it is about a third longer, and the server's `maxMessageBytes` limits that
   * @returns the message's sequence number, and the number of messages now in the room
   * @throws TypeError if the message is not a JSON value
   * @throws BoxError if the server refuses, for example with `BOX_ERR_TOO_LARGE`
   */
  async send (message: unknown, { signal }: CallOptions = {}): Promise<{ seq: number, count: number }> {
    if (this.#left) throw leftError()
    const text = toJson(message)
    return await this.#sender.send(() => this.#key.seal(text), signal)
  }

  /** The messages' data, one at a time: `for await (const message of room)`. See `messages`. */
  async * [Symbol.asyncIterator] (): AsyncGenerator<unknown, void> {
    for await (const { data } of this.messages()) yield data
  }

  /**
   * The messages with their sequence numbers, one at a time, starting with the oldest that the room has kept. If the
   * room has expired, the numbers start again at 1. What no member has sealed is skipped.
   *
   * Only one loop can run at a time on this object; the next one continues after the last message that an earlier one
   * has yielded. The loop ends on `leave()`, and throws the reason of an aborted signal, or what the server refuses.
   * @throws TypeError if another loop is running on this object
   */
  async * messages ({ signal }: CallOptions = {}): AsyncGenerator<Message, void> {
    if (this.#loop !== undefined) throw new TypeError('Another loop is already reading through this Room object; end it first, or join the room again')
    const scope = this.#loop = new Scope(this.#scope, signal)
    try {
      for await (const batch of follow(this.#source, this.#position.after, scope, this.#position)) {
        for (const message of batch) {
          const opened = await this.#key.open(message.data)
          scope.signal.throwIfAborted()
          this.#position.handled(message)
          if (opened === undefined || this.#isRepeated(opened.nonce)) continue
          yield { seq: message.seq, data: opened.data }
        }
      }
    } catch (error) {
      if (!this.#left) throw error
    } finally {
      this.#loop = undefined
      scope.end()
    }
  }

  /**
   * Leaves the room: the loop ends at once, and later calls of `send` reject with an `AbortError`. Resolves when the
   * messages that are being sent are stored, or cannot be within five seconds. The room and its messages stay.
   * Idempotent.
   */
  async leave (): Promise<void> {
    this.#left = true
    this.#loop?.end(leftError())
    await Scope.settled(this.#sender.settled(), this.#source.timings.flushTimeout)
    this.#scope.end(leftError())
  }

  /** The same as `leave`, for `await using`. Where the platform does not know this symbol, the method has an odd name and no use. */
  async [Symbol.asyncDispose] (): Promise<void> {
    await this.leave()
  }

  /** Opens the room, or creates it: in one attempt. */
  async #open ({ signal }: Scope): Promise<void> {
    const { client, path } = this.#source
    await dataOf(client.PUT('/boxes/{box}', { params: { path }, body: this.#body, signal }), isCreated)
  }

  /** One attempt at a request, in a new room if the old one is gone. That may also be deleted before the request arrives. */
  async #inRoom<T> (request: () => Promise<T>, scope: Scope): Promise<T> {
    for (let openings = 0; ; openings++) {
      try {
        return await request()
      } catch (error) {
        if (!isGone(error) || openings === MAX_OPENINGS) throw error
        await this.#open(scope)
      }
    }
  }

  /** A server could deliver a message again under another number. */
  #isRepeated (nonce: string): boolean {
    if (this.#seen.has(nonce)) return true
    this.#seen.add(nonce)
    if (this.#seen.size > REMEMBERED) this.#seen.delete(this.#seen.values().next().value!)
    return false
  }
}

function leftError (): DOMException {
  return new DOMException('The room was left', 'AbortError')
}
