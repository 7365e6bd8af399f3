import { parseAddress } from '../address.js'
import { Box, type ClientOptions } from '../index.js'
import { defaultTimings } from '../retry.js'
import { boxOptions, deleteBox, toBox } from './boxes.js'
import type { Channel } from './channel.js'
import { startAsGuest } from './conversation.js'
import { asCallError } from './errors.js'
import { inviteTo, type Invite } from './invite.js'
import { createNonce } from './sealing.js'

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
  return await connectWith(typeof invite === 'string' || invite instanceof URL ? await inviteTo(invite, options) : invite, async () => options.hello, options)
}

/** @param makeHello what to send with the hello; called when there is a box */
export async function connectWith ({ server, key }: Invite, makeHello: () => Promise<unknown>, options: ConnectOptions): Promise<Channel> {
  const { signal } = options
  // Retried for longer than other creations: the URL comes from an invite, so it is right, and a guest that lost
  // its network may take a while to get it back.
  const box = await Box.createWith(defaultTimings, server, boxOptions(options)).catch(error => { throw asCallError(error, signal) })
  const hello = await makeHello().catch(error => {
    void deleteBox(box)
    throw error
  })
  const host = Box.open(`${server}/boxes/${key.hostDrop}`, { ...boxOptions(options), server })
  return await startAsGuest({
    key,
    drop: parseAddress(await box.dropLink()).id,
    guestNonce: createNonce(),
    hello,
    deliver: toBox(host),
    arriving: dataOf(box),
    async ended () {
      host.close()
      await deleteBox(box)
    },
    signal
  })
}

async function * dataOf (box: Box): AsyncGenerator<unknown, void> {
  for await (const { data } of box.messages()) yield data
}
