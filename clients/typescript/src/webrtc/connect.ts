import { parseAddress } from '../address.js'
import { Box, type ClientOptions } from '../index.js'
import { asCallError, boxOptions, isReason, remove, SignalChannel, store, type Channel } from './channel.js'
import { inviteTo, type Invite } from './invite.js'
import { createNonce, parseSealed, sealHello, Session, type InviteKey, type SealedMessage } from './sealing.js'

export interface ConnectOptions extends ClientOptions {
  /** What the host gets to see with the hello. Nothing secret from other guests belongs here, nothing that must not be replayed. */
  hello?: unknown
  /** The base URL of the box routes that the invite has to lead to; needed with `headers`, which must not go anywhere else. */
  server?: string | URL
  /** Ends everything. */
  signal?: AbortSignal
}

/** Makes a box and says hello to the host of an invite. It resolves when the hello is stored: the host need not be there. */
export async function connect (invite: string | URL | Invite, options: ConnectOptions = {}): Promise<Channel> {
  const { server, key } = typeof invite === 'string' || invite instanceof URL ? await inviteTo(invite, options) : invite
  let box: Box | undefined
  const host = Box.open(`${server}/boxes/${key.hostDrop}`, { ...boxOptions(options), server })
  try {
    box = await Box.create(server, boxOptions(options))
    const drop = parseAddress(await box.dropLink()).id
    const guestNonce = createNonce()
    const own = box
    const channel = new SignalChannel(host, options.hello, async () => {
      host.close()
      await remove(own)
    })
    void follow(own, channel, message => beginSession(key, { guestDrop: drop, guestNonce }, message))
    await store(host, await sealHello(key, guestNonce, { drop, hello: options.hello }))
    return channel
  } catch (error) {
    host.close()
    if (box !== undefined) await remove(box)
    throw asCallError(error)
  }
}

type Begin = (first: SealedMessage) => Promise<Session>

async function follow (box: Box, channel: SignalChannel, begin: Begin) {
  try {
    for await (const { data } of box.messages()) {
      const message = parseSealed(data)
      if (channel.session !== undefined) {
        await channel.receive(message)
        continue
      }
      const session = await begin(message)
      const first = await session.open(message, isReason)
      // Only now has the host shown that it knows the key, and may hear more than the hello.
      channel.start(session)
      channel.take(first)
    }
  } catch (error) {
    channel.fail(error)
  }
}

/** The host's nonce comes with its first message. A message that is not of this session fails to open in it, by its name. */
async function beginSession (key: InviteKey, own: { guestDrop: string, guestNonce: string }, first: SealedMessage): Promise<Session> {
  const [guestNonce, hostNonce = createNonce()] = first.session.split('.')
  return await Session.create(key, { role: 'guest', ...own, hostNonce: guestNonce === own.guestNonce ? hostNonce : createNonce() })
}
