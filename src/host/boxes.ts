import type { FastifyRequest } from 'fastify'
import type { BoxService, Created } from '../box/box-service.js'
import { parseCapability, type Capability } from '../box/capability.js'
import type { BoxEvents } from '../box/events.js'
import { follow } from '../box/follow.js'
import { labelOf } from '../box/label.js'
import { messageFromValue, withKey } from '../box/message.js'
import { DropOnlyError, InvalidError, NotFoundError, TooLargeError } from '../errors.js'
import type { Page } from '../store/store.js'

/** The settings of a new box. */
export interface BoxSettings {
  /** The idle lifetime, in whole seconds up to the plugin's `maxTtl`. Default: the plugin's `ttl`. */
  ttl?: number | undefined
  /** Makes the box a room, which keeps each message for this many seconds. */
  keep?: number | undefined
  /**
   * Makes the box count against what the client address of this request may have (`rateLimit.boxes` and
   * `rateLimit.bytes`). By default, it counts against no address.
   */
  request?: FastifyRequest | undefined
}

/** A box, with its capabilities. */
export interface CreatedBox {
  /** the box id: whoever holds it owns the box */
  id: string
  /** the drop address: whoever holds it can only store messages */
  drop: string
  /** when the box expires unless it is used before then */
  expires: Date
}

/** A box that was opened. */
export interface OpenedBox extends CreatedBox {
  /** whether this call created it */
  created: boolean
}

/** A message. */
export interface BoxMessage {
  /** its sequence number */
  seq: number
  /** any JSON value */
  data: unknown
}

/** Messages, oldest first. */
export interface BoxMessages {
  messages: BoxMessage[]
  /** the cursor for the next read: the sequence number of the last message, or the cursor of this read */
  next: number
}

/**
 * The boxes of a registration of `boxPlugin`, for the host's own code. It shares the store, the limits on sizes and the
 * wake-ups with the routes. Rate limits and the guard do not apply.
 *
 * Methods reject with the errors that the routes respond with: see `code` and `statusCode` of `BoxError`.
 */
export interface Boxes {
  /** Creates an empty box. */
  create (settings?: BoxSettings): Promise<CreatedBox>
  /**
   * Creates an empty box with an id that you have derived from a secret, unless it exists. An existing box keeps its
   * messages and settings.
   * @param id must be as hard to guess as one that the server makes
   */
  open (id: string, settings?: BoxSettings): Promise<OpenedBox>
  /**
   * Stores a message.
   * @param box a box id or drop address
   * @param data any JSON value
   * @param options.idempotencyKey makes retries safe: 1 to 64 visible ASCII characters. The same key and data again
   * store nothing, and return the first result
   * @returns the sequence number of the message, and the number of messages now in the box
   */
  store (box: string, data: unknown, options?: { idempotencyKey?: string | undefined }): Promise<{ seq: number, count: number }>
  /**
   * Reads messages, and leaves them in the box.
   * @param options.after the cursor: only messages with a higher sequence number are returned. Default: 0
   * @param options.limit the maximum number of messages, up to 1,000. Default: 100
   */
  read (id: string, options?: { after?: number | undefined, limit?: number | undefined }): Promise<BoxMessages>
  /**
   * Deletes the messages up to and including the cursor. Idempotent.
   * @returns the number of messages left
   */
  acknowledge (id: string, after: number): Promise<number>
  /** Takes all messages out of the box in one atomic step. */
  drain (id: string): Promise<BoxMessages>
  /** Deletes the box and its messages. */
  delete (id: string): Promise<void>
  /**
   * The messages after the cursor, as they are stored, by any process. They stay in the box: acknowledge those that
   * you have handled. While the store does not respond, it waits. It takes none of the places that the box has for
   * long-polls and streams, and keeps the box alive.
   *
   * The loop ends when the server closes. It throws the reason of an aborted signal, or `BOX_ERR_NOT_FOUND` once the
   * box is gone. To stop while no message arrives, abort the signal.
   * @param options.after the cursor to start after. Default: 0
   */
  subscribe (id: string, options?: { after?: number | undefined, signal?: AbortSignal | undefined }): AsyncGenerator<BoxMessage, void>
  /**
   * Calls the listener after each `created`, `stored` or `gone`, by a route or by your own code, in the process that
   * carried it out. Only the memory and LMDB stores report that a box has expired, once its space has been freed. The
   * listener runs in the async context of the operation. What it throws is logged, and has no other effect.
   * @returns a function that removes the listener
   */
  on<Name extends keyof BoxEvents> (name: Name, listener: (event: BoxEvents[Name]) => unknown): () => void
  /**
   * The label of a box, which events name it by: a one-way hash of its drop address, with which nobody can use the box.
   * @param box a box id or drop address
   */
  labelOf (box: string): string
}

/** What the boxes of a registration consist of. */
export interface BoxesParts {
  service: BoxService
  limits: { ttl: number, maxTtl: number, maxMessageBytes: number }
  /** whose limits a box counts against that is created for this request */
  holderOf: (request: FastifyRequest) => string | undefined
}

const MAX_LIMIT = 1_000
const KEY = /^[\x21-\x7e]{1,64}$/

export function createBoxes ({ service, limits, holderOf }: BoxesParts): Boxes {
  /** @returns whose limits the box counts against */
  function checkSettings ({ ttl = limits.ttl, keep, request }: BoxSettings): string | undefined {
    checkNumber('ttl', ttl, 1, limits.maxTtl)
    if (keep !== undefined) checkNumber('keep', keep, 1, ttl)
    return request === undefined ? undefined : holderOf(request)
  }

  return {
    async create (settings = {}) {
      return shown(await service.create(settings, checkSettings(settings)))
    },

    async open (id, settings = {}) {
      const opened = await service.open(id, ownerOf(id), settings, checkSettings(settings), async () => {})
      return { ...shown(opened), created: opened.created }
    },

    async store (box, data, { idempotencyKey: key } = {}) {
      const message = messageFromValue(data)
      if (message.bytes > limits.maxMessageBytes) throw new TooLargeError(limits.maxMessageBytes)
      if (key !== undefined && !KEY.test(key)) throw new InvalidError('idempotencyKey: expected 1 to 64 visible ASCII characters')
      return await service.append(capabilityOf(box).drop, key === undefined ? message : withKey(message, key))
    },

    async read (id, { after = 0, limit = 100 } = {}) {
      checkNumber('limit', limit, 1, MAX_LIMIT)
      return messagesOf(await service.read(ownerOf(id), checkCursor(after), limit))
    },

    async acknowledge (id, after) {
      return await service.acknowledge(ownerOf(id), checkCursor(after))
    },

    async drain (id) {
      // Nothing is too large for this.
      return messagesOf(await service.drain(ownerOf(id), Infinity) as Page)
    },

    async delete (id) {
      await service.delete(ownerOf(id))
    },

    async * subscribe (id, { after = 0, signal = new AbortController().signal } = {}) {
      signal.throwIfAborted()
      for await (const page of follow(service, ownerOf(id), checkCursor(after), signal)) {
        for (const message of messagesOf(page).messages) {
          signal.throwIfAborted()
          yield message
        }
      }
      signal.throwIfAborted()
    },

    on: (name, listener) => service.events.on(name, listener),
    labelOf: box => labelOf(capabilityOf(box).drop)
  }
}

function capabilityOf (text: string): Capability {
  const capability = parseCapability(text)
  if (capability === undefined) throw new NotFoundError()
  return capability
}

function ownerOf (id: string): string {
  const { drop, owner } = capabilityOf(id)
  if (!owner) throw new DropOnlyError()
  return drop
}

function shown ({ boxId: id, drop, expires }: Created): CreatedBox {
  return { id, drop, expires: new Date(expires) }
}

function messagesOf ({ texts, next }: Page): BoxMessages {
  const first = next - texts.length + 1
  return { messages: texts.map((text, i) => ({ seq: first + i, data: JSON.parse(text) })), next }
}

function checkCursor (after: number): number {
  checkNumber('after', after, 0, Number.MAX_SAFE_INTEGER)
  return after
}

function checkNumber (name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return
  throw new InvalidError(`${name}: expected an integer from ${least} to ${most}`)
}
