import { parseAddress } from '../client/address.js'
import { asCallError, boxOptions, type Channel } from './channel.js'
import { endpoints, peerConnectionOf, type ConnectionOptions } from './endpoint.js'
import { CallError } from './errors.js'
import { listen, type Listener, type ListenOptions, type Resume } from './listen.js'
import { defaultPatience, meet, type Endpoint, type Patience, type Peer } from './peer.js'
import { Queue } from './queue.js'

export interface HostOptions extends ListenOptions, ConnectionOptions {}

/** One's own side of a call. */
export interface Call {
  /** Connected peers as they come: `for await (const peer of call.peers)`. */
  readonly peers: AsyncIterable<Peer>
  /** Leaves: tells every peer, and ends the loop over `peers`. */
  close (): Promise<void>
}

export interface HostedCall extends Call {
  /** The link to pass to guests. Whoever has it can join. */
  readonly invite: string
  /** What to keep, and to keep secret, to go on with the same invite after the page was loaded again: the option `resume`. */
  readonly resume: Resume
}

/**
 * Starts a call and makes an invite to it. Guests that cannot be connected are told to the option
 * `refused`; the loop over `peers` goes on, and throws only when the invite itself is gone. Closing
 * the call ends the invite.
 * @param patience for tests
 */
export async function host (options: HostOptions, patience: Patience = defaultPatience): Promise<HostedCall> {
  const { timeout: answer = patience.answer, signal } = options
  // Before there is a box.
  peerConnectionOf(options)
  const { server, page, resume, maxGuests, refused } = options
  const listener = await listen({
    server,
    ...(page !== undefined && { page }),
    ...(resume && { resume }),
    ...(maxGuests !== undefined && { maxGuests }),
    ...(refused && { refused }),
    ...boxOptions(options)
  })
  const endpoint = endpoints(parseAddress(listener.resume.link), options)
  const peers = new Queue<Peer>()
  const meeting = new Set<Peer>()

  const receive = async (channel: Channel) => {
    let made: Endpoint | undefined
    try {
      const { commitment } = Object(channel.hello) as { commitment?: unknown }
      made = await endpoint()
      const peer = await meet(made, channel, { role: 'host', commitment }, { ...patience, answer }, signal)
      meeting.add(peer)
      peer.closed.then(() => meeting.delete(peer))
      if (!peers.push(peer)) await peer.close()
    } catch (error) {
      made?.connection.close()
      await channel.close()
      const reason = asCallError(error)
      if (reason instanceof CallError) refused?.(reason)
    }
  }
  follow(listener, receive).then(() => peers.end(), error => peers.end(error))

  return {
    invite: listener.invite,
    resume: listener.resume,
    peers,
    async close () {
      peers.end()
      await Promise.all([...meeting].map(peer => peer.close()))
      await listener.close()
    }
  }
}

async function follow (listener: Listener, receive: (channel: Channel) => Promise<void>) {
  for await (const channel of listener) receive(channel)
}
