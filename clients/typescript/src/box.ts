import { Acknowledger } from './acknowledger.js'
import { dropAddressOf, linkOf, parseAddress, baseUrl, type Address } from './address.js'
import { firstRequest } from './first-request.js'
import { follow, readPage, type Connection, type Message, type Page, type Query, type Source } from './follow.js'
import { BoxError, createBoxClient, dataOf, MAX_RESPONSE_BYTES, type ClientOptions } from './http.js'
import { createTimings, defaultTimings, retry, type Timings } from './retry.js'
import { Scope } from './scope.js'
import { Sender, toJson } from './sender.js'
import { isCreated, isCursorAck, isNothing } from './shapes.js'

/** The options of `Box.create` and `Box.open`. */
export interface BoxOptions extends ClientOptions {
  /** aborts everything this object does; `delete` still works after that, so that you can clean up */
  signal?: AbortSignal
  /**
   * the base URL of the box routes. Required to open a box by its id alone, or with `headers`; a link must
   * lead to this server
   */
  server?: string | URL
  /** made by `shareStreams` from `signalbox-client/shared`: boxes with the same one read over one stream */
  connection?: Connection | undefined
}

/** Options of a single call. An aborted call rejects with the signal's reason; the server may still have carried it out. */
export interface CallOptions {
  /** aborts only this call */
  signal?: AbortSignal
}

/**
 * A box on a server. With a box id you can read, acknowledge, send and delete; with a drop address you can only
 * send. It retries transient failures and resumes after every disconnection. Messages arrive in order, and once
 * each, except that the message at which you leave a loop is delivered again.
 *
 * Methods reject with
 * - a `BoxError` if the server refuses, or its response is not what the contract promises (for example after a
 *   redirect with status 301 or 302, which turns a POST into a GET);
 * - a `TypeError` that names the server if it cannot be reached; `cause` is the error of `fetch`. A request is tried up
 *   to ten times, which takes about a minute if each attempt fails at once;
 * - a `TimeoutError` (a `DOMException`) if the server does not respond: an attempt then lasts 30 seconds, and ten take up
 *   to six minutes;
 * - a `ResponseTooLargeError` if a response exceeds `maxResponseBytes`;
 * - the signal's reason if they are aborted.
 */
export class Box {
  readonly #address: Address
  readonly #source: Source
  readonly #connection: Pick<Connection, 'follow'>
  readonly #scope: Scope
  readonly #sender: Sender
  #drop: string | undefined
  #closed = false
  #reading = false
  #position = 0
  /** up to here, the server has deleted the messages */
  #acknowledged = 0

  private constructor (address: Address, options: BoxOptions, timings: Timings) {
    this.#address = address
    this.#source = { client: createBoxClient(address.server, options), server: address.server, options, path: { box: address.id }, timings, maxResponseBytes: options.maxResponseBytes ?? MAX_RESPONSE_BYTES }
    this.#connection = options.connection ?? { follow }
    this.#scope = new Scope(undefined, options.signal)
    this.#sender = new Sender(this.#source, this.#scope)
    if (address.id.startsWith('drop_')) this.#drop = address.id
  }

  /** @internal */
  static withTimings (address: Address, options: BoxOptions, timings: Timings): Box {
    return new Box(address, options, timings)
  }

  /**
   * Creates a box. If the server cannot be reached, it retries only four times, within about four seconds: long
   * enough for the server to restart, and short enough to notice a wrong URL. If it does not respond, it gives up after
   * ten seconds.
   * @param server the base URL of the box routes, such as `https://example.com/prefix`
   * @param options.ttl the idle lifetime in seconds; the server's default if absent
   * @throws TypeError if the server is not an http or https URL
   * @throws BoxError if the server refuses, for example with `BOX_ERR_RATE` or `BOX_ERR_INVALID`
   */
  static async create (server: string | URL, options: BoxOptions & { ttl?: number } = {}): Promise<Box> {
    return await Box.createWith(createTimings, server, options)
  }

  /** @internal */
  static async createWith (timings: Timings, server: string | URL, { ttl, ...options }: BoxOptions & { ttl?: number }): Promise<Box> {
    const base = baseUrl(server)
    const client = createBoxClient(base, options)
    const request = ttl === undefined ? {} : { body: { ttl } }
    const { data: id, drop } = await firstRequest(timings, base, ({ signal }) =>
      dataOf(client.POST('/boxes', { ...request, signal }), isCreated), options.signal)
    const box = new Box(parseAddress(id, base), options, defaultTimings)
    box.#drop = parseAddress(drop, base).id
    return box
  }

  /**
   * Opens a box by its link, `<server>/boxes/<id>`, or by its id and `options.server`. Sends no request: the
   * first use shows whether the box exists.
   *
   * With `headers`, the option `server` is required, and a link to another server is refused: links come from
   * other people and must not receive your credentials.
   * @throws TypeError if the link is malformed or leads to another server
   */
  static open (link: string | URL, options: BoxOptions = {}): Box {
    if (options.headers !== undefined && options.server === undefined) throw new TypeError("The option 'headers' requires the option 'server'")
    return new Box(parseAddress(link, options.server), options, defaultTimings)
  }

  /** The link that opens this box again with the same rights. Keep it secret if you own the box: it then contains the box id. */
  get link (): string {
    return linkOf(this.#address)
  }

  /**
   * The link to give to the other side. It contains the drop address, so its holder can only send.
   * @throws TypeError if the box was opened by its id on a page that is neither on HTTPS nor on localhost
   */
  async dropLink (): Promise<string> {
    this.#drop ??= await dropAddressOf(this.#address.id)
    return linkOf({ ...this.#address, id: this.#drop })
  }

  /**
   * Stores a message. Messages arrive in the order of the calls, and once each, however often a request is
   * retried: every message carries an Idempotency-Key.
   * @param message any JSON value
   * @returns the message's sequence number, and the number of messages now in the box
   * @throws TypeError if the message is not a JSON value
   * @throws BoxError if the server refuses, for example with `BOX_ERR_FULL` or `BOX_ERR_TOO_LARGE`
   */
  async send (message: unknown, { signal }: CallOptions = {}): Promise<{ seq: number, count: number }> {
    const body = toJson(message)
    return await this.#sender.send(() => body, signal)
  }

  /** The messages' data, one at a time: `for await (const message of box)`. See `messages`. */
  async * [Symbol.asyncIterator] (): AsyncGenerator<unknown, void> {
    for await (const { data } of this.messages()) yield data
  }

  /**
   * The messages with their sequence numbers, one at a time, in order and once each, across disconnections.
   * Asking for the next message acknowledges the previous one, and the server forgets it. If the loop is left
   * by `break`, `return` or `throw`, its last message may not have been handled: it is not acknowledged, and
   * a later loop delivers it again. If you have handled it, call `acknowledge(seq)` before you leave.
   *
   * Only one loop can run at a time on this object. The next one continues after the last message that an earlier
   * one acknowledged. Several objects can read the same box, but what one acknowledges is gone for all.
   *
   * The loop ends on `close()`. It throws the reason of an aborted signal, a `BoxError` if the box is gone or
   * the cursor is ahead of it, or a `ResponseTooLargeError`. To stop while no message arrives, abort the signal
   * or close the box.
   * The loop first acknowledges everything up to `after`, the cursor that it starts after: by default, what this object
   * has handled. To look at later messages without deleting the earlier ones, use `read`.
   * @param options.after a cursor; the messages up to it count as handled
   * @throws TypeError if another loop is running on this object
   */
  async * messages ({ signal, after = this.#position }: CallOptions & { after?: number } = {}): AsyncGenerator<Message, void> {
    if (this.#reading) throw new TypeError('Another loop is already reading through this Box object; end it first, or open the box again')
    this.#reading = true
    const { timings } = this.#source
    const scope = new Scope(this.#scope, signal)
    const acknowledger = new Acknowledger((cursor, timings) => this.#put(cursor, timings, scope), timings, scope)
    try {
      // What was handled before may still fill the box, and then the message that the loop waits for cannot be stored.
      if (after > this.#acknowledged) acknowledger.advance(after)
      for await (const batch of this.#connection.follow(this.#source, after, scope)) {
        for (const message of batch) {
          scope.signal.throwIfAborted()
          this.#position = message.seq - 1
          yield message
          // Not reached if the loop was left at this message, perhaps because of an error.
          this.#position = message.seq
          acknowledger.advance(message.seq)
        }
      }
    } catch (error) {
      if (!this.#closed) throw error
    } finally {
      this.#reading = false
      await Scope.run(scope, undefined, () => acknowledger.flush(), timings.flushTimeout).catch(() => {})
      scope.end()
    }
  }

  /** Reads messages without acknowledging them: by default the first 100, without waiting. */
  async read ({ signal, ...query }: CallOptions & Query = {}): Promise<Page> {
    return await retry(this.#source.timings, child => readPage(this.#source, query, child), this.#scope, signal)
  }

  /**
   * Deletes the messages up to and including the cursor. A loop over the box does this itself.
   * @returns the number of messages left
   * @throws BoxError with `BOX_ERR_CURSOR` if the cursor is ahead of the box
   */
  async acknowledge (cursor: number, { signal }: CallOptions = {}): Promise<number> {
    return await this.#put(cursor, this.#source.timings, this.#scope, signal)
  }

  /**
   * Closes this object and deletes the box with its messages. Succeeds if the box is already gone. Also works
   * after `close`, and after the option `signal` has aborted everything else; only this call's own signal
   * aborts it.
   */
  async delete ({ signal }: CallOptions = {}): Promise<void> {
    this.close()
    const { client, path, timings } = this.#source
    try {
      await retry(timings, ({ signal }) => dataOf(client.DELETE('/boxes/{box}', { params: { path }, signal }), isNothing), undefined, signal)
    } catch (error) {
      if (!(error instanceof BoxError && error.status === 404)) throw error
    }
  }

  /**
   * Stops everything this object does, at once: loops end, and pending calls reject with an `AbortError`. The
   * box stays, and whoever opens it next reads what was not acknowledged. Idempotent.
   */
  close (): void {
    this.#closed = true
    this.#scope.end(new DOMException('The box was closed', 'AbortError'))
  }

  async #put (after: number, timings: Timings, parent: Scope, signal?: AbortSignal): Promise<number> {
    const { client, path } = this.#source
    const { data } = await retry(timings, ({ signal }) =>
      dataOf(client.PUT('/boxes/{box}/cursor', { params: { path }, body: { after }, signal }), isCursorAck), parent, signal)
    this.#acknowledged = Math.max(this.#acknowledged, after)
    return data
  }
}
