import type { Deliver } from './boxes.js'
import { SignalingChannel, type Channel } from './channel.js'
import { isEndMessage } from './ending.js'
import { asCallError } from './errors.js'
import { createNonce, parseSealed, sealHello, Session, type InviteKey, type SealedMessage } from './sealing.js'

/** What the guest's side of a conversation needs. */
export interface GuestParts {
  key: InviteKey
  /** where the guest can be reached */
  drop: string
  guestNonce: string
  /** data for the host, sent with the hello */
  hello: unknown
  deliver: Deliver
  /** what arrives for the guest */
  arriving: AsyncIterable<unknown>
  /** called once, when the conversation is over */
  ended: () => void | Promise<void>
  signal?: AbortSignal | undefined
}

/** Starts a conversation as the guest. Resolves when the hello is delivered. */
export async function startAsGuest ({ key, drop, guestNonce, hello, deliver, arriving, ended, signal }: GuestParts): Promise<Channel> {
  const channel = new SignalingChannel(deliver, hello, ended, signal)
  void follow(arriving, channel, first => beginSession(key, { guestDrop: drop, guestNonce }, first))
  try {
    await deliver(await sealHello(key, guestNonce, { drop, hello }), channel.scope)
    return channel
  } catch (error) {
    // What arrived may have ended everything before the hello was delivered.
    const reason = channel.reason ?? asCallError(error, channel.scope.signal)
    channel.fail(reason)
    throw reason
  }
}

type Begin = (first: SealedMessage) => Promise<Session>

async function follow (arriving: AsyncIterable<unknown>, channel: SignalingChannel, begin: Begin) {
  try {
    for await (const data of arriving) {
      const message = parseSealed(data)
      if (channel.session !== undefined) {
        await channel.receive(message)
        continue
      }
      const session = await begin(message)
      const first = await session.open(message, isEndMessage)
      // Only now has the host proved that it knows the key and may receive more than the hello.
      channel.start(session)
      channel.accept(first, message.sealed.length)
    }
  } catch (error) {
    channel.fail(error)
  }
}

/**
 * The host's nonce comes with its first message. A message of another session fails to open in this one, with
 * the matching error.
 */
async function beginSession (key: InviteKey, own: { guestDrop: string, guestNonce: string }, first: SealedMessage): Promise<Session> {
  const [guestNonce, hostNonce = createNonce()] = first.session.split('.')
  return await Session.create(key, { role: 'guest', ...own, hostNonce: guestNonce === own.guestNonce ? hostNonce : createNonce() })
}
