import { base64 } from './address.js'
import type { Source } from './follow.js'
import { dataOf, MESSAGES } from './http.js'
import { retry } from './retry.js'
import { Scope } from './scope.js'
import { isAck } from './shapes.js'

/** What the server says about a message that it has stored. */
interface Sent {
  seq: number
  count: number
}

/** Stores messages in the order of the calls, and once each, however often a request is retried. */
export class Sender {
  readonly #source: Source
  readonly #scope: Scope
  readonly #attempt: <T>(request: () => Promise<T>, scope: Scope) => Promise<T>
  #sending: Promise<unknown> | undefined

  /** @param attempt makes one attempt at a request */
  constructor (source: Source, scope: Scope, attempt: <T>(request: () => Promise<T>, scope: Scope) => Promise<T> = request => request()) {
    this.#source = source
    this.#scope = scope
    this.#attempt = attempt
  }

  /** @param write returns the JSON text, when its turn comes */
  async send (write: () => string | Promise<string>, signal?: AbortSignal): Promise<Sent> {
    const { client, path, timings } = this.#source
    const params = { path, header: { 'idempotency-key': createIdempotencyKey() } }
    const before = this.#sending
    const sent = Scope.run(this.#scope, signal, async scope => {
      await before
      const body = await write()
      const { seq, data: count } = await retry(timings, child => this.#attempt(() =>
        dataOf(client.POST(MESSAGES, { params, body, bodySerializer: text => text, signal: child.signal }), isAck), child), scope)
      return { seq, count }
    })
    // The next call waits for both, so that a call aborted while waiting does not let later messages overtake
    // earlier ones. Results are dropped: each would keep all earlier ones in memory.
    this.#sending = Promise.allSettled([before, sent]).then(() => {})
    return await sent
  }

  /** Resolves when nothing is being sent. */
  async settled (): Promise<void> {
    await this.#sending
  }
}

/** The JSON text of a message. @throws TypeError if it is not a JSON value */
export function toJson (message: unknown): string {
  const text = JSON.stringify(message)
  if (text === undefined) throw new TypeError(`A message must be a JSON value, not ${typeof message}`)
  return text
}

/** A unique Idempotency-Key of 128 random bits. `crypto.randomUUID` does not exist in insecure contexts. */
function createIdempotencyKey (): string {
  return base64(crypto.getRandomValues(new Uint8Array(16)))
}
