import { Acknowledger } from './acknowledger.js'
import { base64, dropOf, linkOf, parseAddress, serverOf, type Address } from './address.js'
import { follow, readPage, type Message, type Page, type Query, type Source } from './follow.js'
import { BoxError, createBoxClient, dataOf, MESSAGES, type ClientOptions } from './http.js'
import { defaultTiming, retry } from './retry.js'
import { Scope } from './scope.js'

export interface BoxOptions extends ClientOptions {
  /** ends everything that the box does */
  signal?: AbortSignal
  /** the base URL of the box routes, where the box has to be: for one that is opened by its id alone, or with `headers` */
  server?: string | URL
}

/** For one call. An aborted call rejects with the signal's reason, and may have been carried out all the same. */
export interface CallOptions {
  /** aborts this call alone */
  signal?: AbortSignal
}

/**
 * One end of a conversation: a box to read from for who holds its id, a box to
 * send to for who holds its drop address. It retries what may pass and resumes after
 * every cut. Messages come in order, each one once, but for the one a loop was left at.
 *
 * Calls reject with a `BoxError` when the server refused, with the error of `fetch`
 * when the network failed for too long, and with the signal's reason when they were
 * aborted.
 */
export class Box {
  readonly #address: Address
  readonly #source: Source
  readonly #whole: Scope
  #drop: string | undefined
  #sending: Promise<unknown> | undefined
  #closed = false
  #reading = false
  #position = 0

  /** Use `Box.create` or `Box.open`. The timing is for tests. */
  constructor (address: Address, options: BoxOptions = {}, timing = defaultTiming) {
    this.#address = address
    this.#source = { client: createBoxClient(address.server, options), path: { box: address.id }, timing }
    this.#whole = new Scope(undefined, options.signal)
    if (address.id.startsWith('drop_')) this.#drop = address.id
  }

  /**
   * Makes a box.
   * @param server the base URL of the box routes, such as `https://example.com/prefix`
   * @param options.ttl the idle lifetime in seconds; the server's default where absent
   */
  static async create (server: string | URL, { ttl, ...options }: BoxOptions & { ttl?: number } = {}): Promise<Box> {
    const base = serverOf(server)
    const client = createBoxClient(base, options)
    const request = ttl === undefined ? {} : { body: { ttl } }
    const { data: id, drop } = await retry(defaultTiming, ({ signal }) =>
      dataOf(client.POST('/boxes', { ...request, signal })), undefined, options.signal)
    const box = new Box({ server: base, id }, options)
    box.#drop = drop
    return box
  }

  /**
   * Opens a box by its link, or by its id and `options.server`. It asks the server
   * nothing: an unknown box shows at the first use.
   *
   * With `headers` it takes `server`, too, and opens no link to another one: links come
   * from others, and must not lead your credentials away.
   * @throws TypeError when the link has not the form of one, or leads elsewhere
   */
  static open (link: string | URL, options: BoxOptions = {}): Box {
    if (options.headers !== undefined && options.server === undefined) throw new TypeError('The option headers needs the option server')
    return new Box(parseAddress(link, options.server), options)
  }

  /** What opens this box again, with the same rights. Keep it secret: for an owner it holds the box id. */
  get link (): string {
    return linkOf(this.#address)
  }

  /** The link that can only send, to pass to the other side. */
  async dropLink (): Promise<string> {
    this.#drop ??= await dropOf(this.#address.id)
    return linkOf({ ...this.#address, id: this.#drop })
  }

  /**
   * Stores a message. Messages arrive in the order of the calls, each one once
   * however often it had to be tried.
   * @param message a JSON value
   * @returns its sequence number, and how many messages are in the box now
   * @throws TypeError when it is no JSON value
   */
  async send (message: unknown, { signal }: CallOptions = {}): Promise<{ seq: number, count: number }> {
    const body = JSON.stringify(message)
    if (body === undefined) throw new TypeError(`A message is a JSON value, not ${typeof message}`)
    const { client, path, timing } = this.#source
    const params = { path, header: { 'idempotency-key': newKey() } }
    const before = this.#sending
    const sent = Scope.run(this.#whole, signal, async scope => {
      await before
      const { seq, data: count } = await retry(timing, ({ signal }) =>
        dataOf(client.POST(MESSAGES, { params, body, bodySerializer: text => text, signal })), scope)
      return { seq, count }
    })
    // The next one waits for both: one that was aborted while it waited must let nobody past those before it.
    this.#sending = Promise.allSettled([before, sent])
    return await sent
  }

  /** The messages' data, one by one as they come: `for await (const message of box)`. See `messages`. */
  async * [Symbol.asyncIterator] (): AsyncGenerator<unknown, void> {
    for await (const { data } of this.messages()) yield data
  }

  /**
   * The messages with their numbers, one by one as they come, in order and each
   * once, whatever happens to the connection. A message is acknowledged, so that
   * the server forgets it, when the loop asks for the next one. The message that a
   * loop is left at, by `break`, `return` or `throw`, may not have been dealt with:
   * it stays, and a later loop gives it again. Where you leave a loop and are done
   * with its message, call `acknowledge(seq)` first.
   *
   * There is one loop at a time; a later one on this object goes on after the last
   * message that a loop has come back from.
   *
   * It ends by `close()`, and throws the reason of an aborted signal, or a `BoxError`
   * when the box is gone or the cursor is ahead of it. To stop while no message
   * comes, abort the signal or close the box.
   * @param options.after the cursor to begin after
   */
  async * messages ({ signal, after = this.#position }: CallOptions & { after?: number } = {}): AsyncGenerator<Message, void> {
    if (this.#reading) throw new TypeError('This box is being read already')
    this.#reading = true
    const { timing } = this.#source
    const scope = new Scope(this.#whole, signal)
    const acknowledger = new Acknowledger(cursor => this.#put(cursor, scope), timing.pace)
    try {
      for await (const batch of follow(this.#source, after, scope)) {
        for (const message of batch) {
          scope.signal.throwIfAborted()
          this.#position = message.seq - 1
          yield message
          // Not reached where the loop was left at this message: nobody can tell whether that was for an error.
          this.#position = message.seq
          acknowledger.to(message.seq)
        }
      }
    } catch (error) {
      if (!this.#closed) throw error
    } finally {
      this.#reading = false
      await Scope.run(scope, undefined, () => acknowledger.flush(), timing.farewell).catch(() => {})
      scope.end()
    }
  }

  /** Looks at messages without taking them; by default at the first 100, without waiting. */
  async read ({ signal, ...query }: CallOptions & Query = {}): Promise<Page> {
    return await retry(this.#source.timing, part => readPage(this.#source, query, part), this.#whole, signal)
  }

  /**
   * Forgets the messages up to and including the cursor. A loop over the box does this by itself.
   * @returns how many messages are left
   */
  async acknowledge (cursor: number, { signal }: CallOptions = {}): Promise<number> {
    return await this.#put(cursor, this.#whole, signal)
  }

  /** Closes this object, and removes the box with its messages. A box that is gone already is no error. */
  async delete ({ signal }: CallOptions = {}): Promise<void> {
    this.close()
    const { client, path, timing } = this.#source
    try {
      await retry(timing, ({ signal }) => dataOf(client.DELETE('/boxes/{box}', { params: { path }, signal })), undefined, signal)
    } catch (error) {
      if (!(error instanceof BoxError && error.status === 404)) throw error
    }
  }

  /**
   * Stops everything that this object does, at once: loops end, calls under way
   * reject with an `AbortError`. The box stays; what was not acknowledged is read
   * again by whoever opens it next. Idempotent.
   */
  close (): void {
    this.#closed = true
    this.#whole.end(new DOMException('The box was closed', 'AbortError'))
  }

  async #put (after: number, whole: Scope, signal?: AbortSignal): Promise<number> {
    const { client, path, timing } = this.#source
    const { data } = await retry(timing, ({ signal }) =>
      dataOf(client.PUT('/boxes/{box}/cursor', { params: { path }, body: { after }, signal })), whole, signal)
    return data
  }
}

/** An Idempotency-Key that no other message has: 128 random bits. `randomUUID` is missing where a page is not secure. */
function newKey (): string {
  return base64(crypto.getRandomValues(new Uint8Array(16)))
}
