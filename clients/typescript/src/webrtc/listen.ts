import { baseUrl, parseAddress } from '../address.js'
import { Box, type ClientOptions } from '../index.js'
import { requirePlatform } from '../platform.js'
import { fromBase64url, toBase64url } from './bytes.js'
import { asCallError, boxOptions, remove, SignalChannel, type Channel } from './channel.js'
import { CallError } from './errors.js'
import { createInvite } from './invite.js'
import { Queue } from './queue.js'
import { createNonce, createSecret, inviteKey, openHello, parseSealed, Session, type InviteKey, type SealedMessage } from './sealing.js'

export interface ListenOptions extends ClientOptions {
  /** The base URL of the box routes, such as `https://box.example`. */
  server: string | URL
  /** The page that the invite leads to. By default the one at the base of the box routes. */
  page?: string | URL
  /** What `resume` gave before the page was loaded again: the same box, the same invite. */
  resume?: Resume
  /** How many guests can be there at a time. 16 by default; further ones are refused. */
  maxGuests?: number
  /** Hears of guests and messages that were refused, and why. */
  refused?: (error: CallError) => void
  /** Ends everything. The box stays, unlike with `close`. */
  signal?: AbortSignal
}

/** What a host has to keep, and to keep secret, to go on with the same invite. It has a JSON text. */
export interface Resume {
  link: string
  secret: string
  /** how many attempts to join a call failed, or may have failed, and from when on the next of them is being forgotten; see the option `save` */
  unfinished?: number
  since?: number
}

/** The nonces of guests that were here, so that none comes twice. When they are this many, the invite is used up until the page is loaded again. */
const MAX_HELLOS = 4096

/** How many guests are told at a time that there is no place: a flood of hellos makes no flood of answers. */
const MAX_TURNED_AWAY = 16

/** Makes a box and an invite to it, and listens: each guest that comes gives a channel of its own. */
export async function listen (options: ListenOptions): Promise<Listener> {
  const { page, resume, ...rest } = options
  requirePlatform()
  const server = baseUrl(options.server)
  const secret = resume === undefined ? createSecret() : fromBase64url(resume.secret)
  const { unfinished = 0, since = 0 } = resume ?? {}
  if (secret?.length !== 32 || !Number.isSafeInteger(unfinished) || unfinished < 0 || !Number.isSafeInteger(since)) throw new TypeError('The option resume is not one that a listener gave')
  try {
    const box = resume === undefined ? await Box.create(server, boxOptions(rest)) : Box.open(resume.link, boxOptions(rest))
    const drop = parseAddress(await box.dropLink()).id
    const key = await inviteKey(secret, drop)
    const invite = await createInvite(page ?? `${server}/`, server, secret, drop)
    return new Listener(box, key, server, invite, { link: box.link, secret: toBase64url(secret) }, rest)
  } catch (error) {
    throw asCallError(error)
  }
}

export class Listener implements AsyncIterable<Channel> {
  readonly #guests = new Queue<Channel>()
  readonly #channels = new Map<string, SignalChannel>()
  readonly #seen = new Set<string>()
  #turnedAway = 0

  /** Use `listen`. */
  constructor (
    private readonly box: Box,
    private readonly key: InviteKey,
    private readonly server: string,
    /** The link to pass to guests. Whoever has it can join. */
    readonly invite: string,
    readonly resume: Resume,
    private readonly options: Omit<ListenOptions, 'page' | 'resume'>
  ) {
    void this.#read()
  }

  /** The guests, one channel each, as they come. */
  [Symbol.asyncIterator] (): AsyncGenerator<Channel, void> {
    return this.#guests[Symbol.asyncIterator]()
  }

  /** Ends all channels and removes the box: the invite is gone. */
  async close (): Promise<void> {
    this.#guests.end()
    await Promise.all([...this.#channels.values()].map(channel => channel.close()))
    await remove(this.box)
  }

  async #read () {
    try {
      for await (const { data } of this.box.messages()) {
        try {
          await this.#take(parseSealed(data))
        } catch (error) {
          if (!(error instanceof CallError)) throw error
          tell(this.options.refused, error)
        }
      }
      this.#guests.end()
    } catch (error) {
      const reason = asCallError(error)
      this.#guests.end(reason)
      for (const channel of this.#channels.values()) channel.fail(reason)
    }
  }

  async #take (message: SealedMessage): Promise<void> {
    const [guestNonce = ''] = message.session.split('.')
    const hello = message.session === guestNonce
    const channel = this.#channels.get(guestNonce)
    if (channel !== undefined) {
      // A hello that comes again is an attack on that guest's session, as any other replay would be.
      if (hello && message.from === 'guest') channel.fail(new CallError('CALL_ERR_REPLAYED'))
      else await channel.receive(message)
    } else if (this.#seen.has(guestNonce)) {
      if (hello) throw new CallError('CALL_ERR_REPLAYED')
      // Otherwise a guest that left has still said something.
    } else {
      await this.#meet(guestNonce, message)
    }
  }

  async #meet (guestNonce: string, message: SealedMessage): Promise<void> {
    const value = await openHello(this.key, message)
    const { drop, hello } = Object(value) as { drop?: unknown, hello?: unknown }
    if (typeof drop !== 'string' || !/^drop_[\w-]{32}$/.test(drop)) throw new CallError('CALL_ERR_FORMAT')
    const usedUp = this.#seen.size >= MAX_HELLOS
    if (!usedUp) this.#seen.add(guestNonce)
    const session = await Session.create(this.key, { role: 'host', guestDrop: drop, guestNonce, hostNonce: createNonce() })
    const to = Box.open(`${this.server}/boxes/${drop}`, boxOptions(this.options))
    if (usedUp || this.#channels.size >= (this.options.maxGuests ?? 16)) {
      const reason = new CallError(usedUp ? 'CALL_ERR_USED_UP' : 'CALL_ERR_FULL')
      this.#turnAway(to, session, reason)
      throw reason
    }
    const channel = new SignalChannel(to, hello, () => {
      this.#channels.delete(guestNonce)
      to.close()
    })
    this.#channels.set(guestNonce, channel)
    channel.start(session)
    if (!this.#guests.push(channel)) await channel.close()
  }

  /** Says so to a guest for whom there is no place. Nobody waits for it. */
  #turnAway (to: Box, session: Session, reason: CallError) {
    if (this.#turnedAway >= MAX_TURNED_AWAY) return to.close()
    this.#turnedAway++
    const channel = new SignalChannel(to, undefined, () => {
      this.#turnedAway--
      to.close()
    })
    channel.start(session)
    void channel.close(reason)
  }
}

/** Calls back. What goes wrong there is the caller's, and ends nothing here. */
export function tell<T> (listener: ((value: T) => void) | undefined, value: T): void {
  try {
    listener?.(value)
  } catch (error) {
    console.error(error)
  }
}
