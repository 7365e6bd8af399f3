import { hash, randomBytes } from 'node:crypto'
import type { BoxService } from '../../box/box-service.js'
import { hasCode } from '../../errors.js'
import type { NewMessage } from '../../store/store.js'
import { isGone } from '../attend.js'
import type { Account } from '../sockets.js'

/** How often something is tried if its box is gone each time. */
const TRIES = 3

/** How often an owner's box is renewed in its lifetime. Stores ignore what renews it by less than an eighth. */
const RENEWALS = 6

/** What a socket has once it has taken an id: a message in the owner's box. */
export interface Claim {
  seq: number
  text: string
}

/**
 * The boxes of the peers. Each peer id has two, whose keys in the store are derived one-way from the id:
 * - `owner` exists as long as the id is taken. It knows the token it is taken with, and has one message: the claim of
 *   the socket that was the last to take it.
 * - `mail` has the messages for the peer. It may exist before the peer comes.
 *
 * These keys are no drop addresses, so that no request to the box API can reach the boxes, although peer ids can
 * be guessed.
 */
export class PeerBoxes {
  readonly service: BoxService
  /** how long a claim may be left without a look at it, in ms */
  readonly renewEvery: number
  readonly #owners: BoxService
  readonly #key: string
  readonly #lifetime: number

  /**
   * @param owners the same boxes with limits for what an owner has
   * @param key the key of the endpoint; peers with different keys do not meet
   * @param lifetime of both boxes when nobody uses them, in seconds
   */
  constructor (service: BoxService, owners: BoxService, key: string, lifetime: number) {
    this.service = service
    this.#owners = owners
    this.#key = key
    this.#lifetime = lifetime
    this.renewEvery = lifetime * 1000 / RENEWALS
  }

  /**
   * Takes the id, or takes it over from an earlier socket with the same token.
   * @returns undefined if the id is taken with another token
   */
  async claim (id: string, token: string, account: Account): Promise<Claim | undefined> {
    const drop = this.ownerOf(id)
    const tag = tagOf(token)
    // A box remembers the key, so exactly one token is the first, whichever servers the peers use.
    const first = { ...messageOf('1'), key: { id: 'owner', digest: tag } }
    // Numbers begin anew with a new box, so only the text tells one claim from another.
    const text = JSON.stringify(`${tag}${randomBytes(12).toString('base64url')}`)
    for (let tries = 1; ; tries++) {
      try {
        await this.#append(this.#owners, drop, first, account)
        const { seq } = await this.#owners.append(drop, messageOf(text))
        // Whether it has become another token's box in between.
        await this.#owners.append(drop, first)
        await this.#owners.acknowledge(drop, seq - 1)
        return { seq, text }
      } catch (error) {
        if (hasCode(error, 'BOX_ERR_IDEMPOTENCY')) return undefined
        if (!hasCode(error, 'BOX_ERR_NOT_FOUND') || tries === TRIES) throw error
      }
    }
  }

  /** Gives up the id, unless there was a later claim. The messages for it stay. */
  async release (id: string, { seq, text }: Claim): Promise<void> {
    const page = await ifThere(this.service.read(this.ownerOf(id), seq - 1, 2))
    if (page?.texts.length === 1 && page.texts[0] === text) await ifThere(this.service.delete(this.ownerOf(id)))
  }

  /** Whether somebody has taken the id. */
  async isTaken (id: string): Promise<boolean> {
    try {
      // Only a use that succeeds renews a box. Otherwise, anyone who asks could keep an id taken.
      await this.service.read(this.ownerOf(id), Number.MAX_SAFE_INTEGER, 0)
      return true
    } catch (error) {
      if (hasCode(error, 'BOX_ERR_NOT_FOUND')) return false
      if (hasCode(error, 'BOX_ERR_CURSOR')) return true
      throw error
    }
  }

  /** Stores a text for the peer, whether or not it is there. @returns its sequence number */
  async store (id: string, text: string, { creates }: Account): Promise<number> {
    return await this.#append(this.service, this.mailOf(id), messageOf(text), { holder: undefined, creates })
  }

  /** Makes sure that the peer has a box for its messages. */
  async openMail (id: string): Promise<void> {
    // It counts against nobody: otherwise, the first to write to a peer could use up what its box may hold. A box is
    // limited itself, and what waits in it soon expires.
    await this.service.open('', this.mailOf(id), { ttl: this.#lifetime }, undefined, async () => {})
  }

  /** The number of the first message that the peer has not received; undefined if there is none. */
  async firstWaiting (id: string): Promise<number | undefined> {
    const page = await ifThere(this.service.read(this.mailOf(id), 0, 1))
    return page === undefined || page.texts.length === 0 ? undefined : page.next
  }

  /** The text of the message with this number, if it is still waiting for the peer. */
  async waitingAt (id: string, seq: number): Promise<string | undefined> {
    const page = await ifThere(this.service.read(this.mailOf(id), seq - 1, 1))
    return page?.next === seq ? page.texts[0] : undefined
  }

  /** Deletes what is waiting for the peer, up to this number. */
  async discard (id: string, seq: number): Promise<void> {
    await ifThere(this.service.acknowledge(this.mailOf(id), seq))
  }

  /** The key of the box that has the peer's messages. */
  mailOf (id: string): string {
    return this.#dropOf('mail', id)
  }

  ownerOf (id: string): string {
    return this.#dropOf('owner', id)
  }

  async #append (service: BoxService, drop: string, message: NewMessage, { holder, creates }: Pick<Account, 'holder' | 'creates'>): Promise<number> {
    for (let tries = 1; ; tries++) {
      try {
        return (await service.append(drop, message)).seq
      } catch (error) {
        // Or it expires or is deleted just then.
        if (!hasCode(error, 'BOX_ERR_NOT_FOUND') || tries === TRIES) throw error
        await service.open('', drop, { ttl: this.#lifetime }, holder, creates)
      }
    }
  }

  #dropOf (kind: 'mail' | 'owner', id: string): string {
    return `peer-${kind}_${digest(`signalbox peerjs v1\0${kind}\0${this.#key}\0${id}`).slice(0, 32)}`
  }
}

/** Whether this text is a claim with the token. */
export function isClaimOf (token: string, text: string): boolean {
  return text.startsWith(`"${tagOf(token)}`)
}

function tagOf (token: string): string {
  return digest(token).slice(0, 22)
}

function digest (text: string): string {
  return hash('sha256', text, 'base64url')
}

function messageOf (text: string): NewMessage {
  return { text, bytes: Buffer.byteLength(text) }
}

/** @returns undefined if the box is gone, or has begun anew */
async function ifThere<T> (operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}
