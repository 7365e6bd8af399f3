import { parseAddress } from '../address.js'
import { Box, type ClientOptions } from '../index.js'
import { defaultTimings } from '../retry.js'
import { asCallError, boxOptions, deleteBox, sendWithRetry } from './boxes.js'
import { isEndMessage, SignalingChannel, type Channel } from './channel.js'
import { inviteTo, type Invite } from './invite.js'
import { createNonce, parseSealed, sealHello, Session, type InviteKey, type SealedMessage } from './sealing.js'

/** The options of `connect`. */
export interface ConnectOptions extends ClientOptions {
  /**
   * Data for the host, sent with the hello: any JSON value. Put nothing here that other guests must not see
   * or that must not be replayed.
   */
  hello?: unknown
  /**
   * The base URL of the box routes. If given, the invite must lead to this server. Required with `headers`,
   * which must not reach any other server.
   */
  server?: string | URL
  /** Aborts everything. */
  signal?: AbortSignal
}

/**
 * Creates a box and sends a hello to the host of an invite. Resolves when the hello is stored; the host need
 * not be online.
 * @throws CallError if the invite is invalid (`CALL_ERR_INVITE`, `CALL_ERR_KEY`, `CALL_ERR_INVITE_VERSION`),
 * its box is gone (`CALL_ERR_GONE`), or the server fails (`CALL_ERR_SERVER`)
 * @throws TypeError if `headers` are given without `server`
 */
export async function connect (invite: string | URL | Invite, options: ConnectOptions = {}): Promise<Channel> {
  const { server, key } = typeof invite === 'string' || invite instanceof URL ? await inviteTo(invite, options) : invite
  let box: Box | undefined
  let channel: SignalingChannel | undefined
  const host = Box.open(`${server}/boxes/${key.hostDrop}`, { ...boxOptions(options), server })
  try {
    // The URL comes from an invite, so it is right, and a guest that lost its network may take a while to come back.
    box = await Box.createWith(defaultTimings, server, boxOptions(options))
    const drop = parseAddress(await box.dropLink()).id
    const guestNonce = createNonce()
    const own = box
    channel = new SignalingChannel(host, options.hello, async () => {
      host.close()
      await deleteBox(own)
    }, options.signal)
    void follow(own, channel, message => beginSession(key, { guestDrop: drop, guestNonce }, message))
    await sendWithRetry(host, await sealHello(key, guestNonce, { drop, hello: options.hello }), channel.scope)
    return channel
  } catch (error) {
    // What arrived in the guest's own box may have ended everything before the hello was stored.
    const reason = channel?.reason ?? asCallError(error)
    if (channel !== undefined) {
      channel.fail(reason)
    } else {
      host.close()
      // Nobody waits for it: the server may be what failed.
      if (box !== undefined) void deleteBox(box)
    }
    throw reason
  }
}

type Begin = (first: SealedMessage) => Promise<Session>

async function follow (box: Box, channel: SignalingChannel, begin: Begin) {
  try {
    for await (const { data } of box.messages()) {
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
