import { baseUrl, dropAddressOf, isDropAddress, parseAddress } from '../address.js'
import { Box, type ClientOptions } from '../index.js'
import { requirePlatform } from '../platform.js'
import { fromBase64url, toBase64url } from '../bytes.js'
import { boxOptions, deleteBox, toBox } from './boxes.js'
import { SignalingChannel, type Channel } from './channel.js'
import { asCallError, CallError } from './errors.js'
import { createInvite } from './invite.js'
import { notify } from './notify.js'
import { Queue } from './queue.js'
import { createNonce, createSecret, inviteKey, openHello, parseSealed, Session, type InviteKey, type SealedMessage } from './sealing.js'

/** The options of `listen`. */
export interface ListenOptions extends ClientOptions {
  /** The base URL of the box routes, such as `https://box.example`. */
  server: string | URL
  /** The page that the invite opens. Default: the one at the base of the box routes. */
  page?: string | URL
  /** The value of `resume` from before a reload: continues with the same box and the same invite. */
  resume?: Resume
  /** How many guests may be connected at a time. Default: 16. Further guests are refused. */
  maxGuests?: number
  /** Called for every guest or message that was refused, with the reason. */
  refused?: (error: CallError) => void
  /** Aborts everything. Unlike `close`, it leaves the box in place. */
  signal?: AbortSignal
}

/** What a host must store, and keep secret, to continue with the same invite. It can be serialized as JSON. */
export interface Resume {
  /** the link to the host's box */
  link: string
  /** the secret of the invite, in base64url */
  secret: string
  /**
   * how many attempts to join count as failed, including those still in progress; a successful one counts as a
   * sixteenth. It changes often: see the option `save`
   */
  unfinished?: number
  /** when the current ten minutes began, after which one failed attempt is forgotten, in ms since the epoch */
  since?: number
}

/** How many guests may be connected at a time by default. */
export const MAX_GUESTS = 16

/**
 * How many guests' nonces are remembered, so that none is accepted twice. When they are used up, so is the
 * invite, until the page is reloaded.
 */
const MAX_HELLOS = 4096

/** How many guests may be sent a refusal at a time: a flood of hellos must not cause a flood of refusals. */
const MAX_REFUSALS = 16

/**
 * Creates a box and an invite to it, and listens: each guest that arrives yields a channel of its own.
 * @throws TypeError if an option is invalid
 * @throws CallError if the box of `resume` is gone (`CALL_ERR_GONE`), the server fails (`CALL_ERR_SERVER`),
 * or the page is not secure (`CALL_ERR_INSECURE`)
 */
export async function listen (options: ListenOptions): Promise<Listener> {
  const { page, resume, ...rest } = options
  requirePlatform()
  const server = baseUrl(options.server)
  const secret = resume === undefined ? createSecret() : fromBase64url(resume.secret)
  const { unfinished = 0, since = 0 } = resume ?? {}
  if (secret?.length !== 32 || !Number.isFinite(unfinished) || unfinished < 0 || !Number.isSafeInteger(since)) throw new TypeError("The option 'resume' must be a value that a listener provided")
  try {
    const box = resume === undefined ? await Box.create(server, boxOptions(rest)) : Box.open(resume.link, boxOptions(rest))
    const drop = parseAddress(await box.dropLink()).id
    if (drop !== await dropAddressOf(parseAddress(box.link).id)) throw new TypeError('The server returned the drop address of another box')
    const key = await inviteKey(secret, drop)
    const invite = await createInvite(page ?? `${server}/`, server, secret, drop)
    return new Listener(box, key, server, invite, { link: box.link, secret: toBase64url(secret) }, rest)
  } catch (error) {
    throw asCallError(error, options.signal)
  }
}

/** What `listen` resolves with. Iterate over it to get a channel for each guest. */
export class Listener implements AsyncIterable<Channel> {
  readonly #guests = new Queue<Channel>()
  readonly #channels = new Map<string, SignalingChannel>()
  readonly #seen = new Set<string>()
  #refusals = 0

  /** @internal */
  constructor (
    private readonly box: Box,
    private readonly key: InviteKey,
    private readonly server: string,
    /** The link to give to guests. Anyone who has it can connect. */
    readonly invite: string,
    readonly resume: Resume,
    private readonly options: Omit<ListenOptions, 'page' | 'resume'>
  ) {
    void this.#read()
  }

  /** The guests as they arrive, one channel each. */
  [Symbol.asyncIterator] (): AsyncGenerator<Channel, void> {
    return this.#guests[Symbol.asyncIterator]()
  }

  /** Closes all channels and deletes the box, and with it the invite. */
  async close (): Promise<void> {
    this.#guests.end()
    // All in one step: a page that is being closed has no time for another.
    await Promise.all([...[...this.#channels.values()].map(channel => channel.close()), deleteBox(this.box)])
  }

  async #read () {
    try {
      for await (const { data } of this.box.messages()) {
        try {
          await this.#dispatch(parseSealed(data))
        } catch (error) {
          if (!(error instanceof CallError)) throw error
          notify(this.options.refused, error)
        }
      }
      this.#guests.end()
    } catch (error) {
      const reason = asCallError(error, this.options.signal)
      this.#guests.end(reason)
      for (const channel of this.#channels.values()) channel.fail(reason)
    }
  }

  async #dispatch (message: SealedMessage): Promise<void> {
    const [guestNonce = ''] = message.session.split('.')
    const hello = message.session === guestNonce
    const channel = this.#channels.get(guestNonce)
    if (channel !== undefined) {
      // A repeated hello is an attack on that guest's session, like any other replay.
      if (hello && message.from === 'guest') channel.fail(new CallError('CALL_ERR_REPLAYED'))
      else await channel.receive(message)
    } else if (this.#seen.has(guestNonce)) {
      if (hello) throw new CallError('CALL_ERR_REPLAYED')
      // Otherwise it is a late message of a guest that left.
    } else {
      await this.#admit(guestNonce, message)
    }
  }

  async #admit (guestNonce: string, message: SealedMessage): Promise<void> {
    const value = await openHello(this.key, message)
    const { drop, hello } = Object(value) as { drop?: unknown, hello?: unknown }
    if (typeof drop !== 'string' || !isDropAddress(drop)) throw new CallError('CALL_ERR_FORMAT')
    const usedUp = this.#seen.size >= MAX_HELLOS
    if (!usedUp) this.#seen.add(guestNonce)
    const session = await Session.create(this.key, { role: 'host', guestDrop: drop, guestNonce, hostNonce: createNonce() })
    const to = Box.open(`${this.server}/boxes/${drop}`, boxOptions(this.options))
    if (usedUp || this.#channels.size >= (this.options.maxGuests ?? MAX_GUESTS)) {
      const reason = new CallError(usedUp ? 'CALL_ERR_USED_UP' : 'CALL_ERR_FULL')
      this.#refuse(to, session, reason)
      throw reason
    }
    const channel = new SignalingChannel(toBox(to), hello, () => {
      this.#channels.delete(guestNonce)
      to.close()
    }, this.options.signal)
    this.#channels.set(guestNonce, channel)
    channel.start(session)
    if (!this.#guests.push(channel)) await channel.close()
  }

  /** Tells a guest that it is refused. Nobody waits for this. */
  #refuse (to: Box, session: Session, reason: CallError) {
    if (this.#refusals >= MAX_REFUSALS) return to.close()
    this.#refusals++
    const channel = new SignalingChannel(toBox(to), undefined, () => {
      this.#refusals--
      to.close()
    }, this.options.signal)
    channel.start(session)
    void channel.close(reason)
  }
}
