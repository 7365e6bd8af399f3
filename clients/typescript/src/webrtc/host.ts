import { parseAddress } from '../address.js'
import { Attempts, type EndAttempt } from './attempts.js'
import { asCallError, boxOptions, type Channel } from './channel.js'
import { endpoints, peerConnectionOf, type ConnectionOptions } from './endpoint.js'
import { CallError } from './errors.js'
import { listen, tell, type Listener, type ListenOptions, type Resume } from './listen.js'
import { defaults, meet, type Endpoint, type Peer, type Settings } from './peer.js'
import { Queue } from './queue.js'
import { createNonce } from './sealing.js'
import { settled } from './settled.js'

/** How long a guest's box may take to say that it is still there, in ms. */
const PROBE = 30_000

export interface HostOptions extends ListenOptions, ConnectionOptions {
  /** Called with `resume` at the start and whenever it changes: keep the latest, as secret as the invite. */
  save?: (resume: Resume) => void
}

/** One's own side of a call. */
export interface Call {
  /** Connected peers as they come: `for await (const peer of call.peers)`. */
  readonly peers: AsyncIterable<Peer>
  /** Leaves: ends the loop over `peers` at once, and tells every peer. Await it before the program ends, or the other side is not told. */
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
 * the call ends the invite. When eight attempts to join have failed, `refused` is called with
 * `CALL_ERR_ATTEMPTS`, and the invite takes no new guests until one of them is forgotten, ten minutes later.
 */
export async function host (options: HostOptions): Promise<HostedCall> {
  return await hostWith(defaults, options)
}

export async function hostWith (settings: Settings, options: HostOptions): Promise<HostedCall> {
  const { server, page, resume, maxGuests, refused, save, signal, timeout, compare = true } = options
  const patience = { ...settings.patience, ...(timeout !== undefined && { answer: timeout }) }
  // Before there is a box.
  peerConnectionOf(options)
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
  let closed = false
  const current = (): Resume => ({ ...listener.resume, unfinished: attempts.unfinished, since: attempts.since })
  const attempts = new Attempts(resume?.unfinished ?? 0, resume?.since ?? Date.now(), () => { if (!closed) tell(save, current()) })

  const receive = async (channel: Channel) => {
    let endAttempt: EndAttempt | undefined
    const end = (failed: boolean) => {
      endAttempt?.(failed && compare)
      if (failed && attempts.exhausted) tell(refused, new CallError('CALL_ERR_ATTEMPTS'))
    }
    let made: Endpoint | undefined
    let offered = false
    try {
      endAttempt = await attempts.begin()
      // A guest that gave up meanwhile has no box any more. Where attempts are scarce, it shall not cost one.
      if (attempts.unfinished > 1) await inTime(channel.send({}), Math.min(patience.answer, PROBE))
      const { commitment } = Object(channel.hello) as { commitment?: unknown }
      made = await endpoint()
      offered = true
      const { peer, compared } = await meet(made, channel, { role: 'host', commitment, random: createNonce() }, { ...settings, patience }, signal)
      if (compare) void compared.then(yes => { end(!yes) })
      else end(false)
      meeting.add(peer)
      void peer.closed.then(() => meeting.delete(peer))
      if (!peers.push(peer)) await peer.close()
    } catch (error) {
      made?.connection.close()
      const reason = asCallError(error)
      await channel.close(reason)
      if (reason instanceof CallError) tell(refused, reason)
      end(offered)
    }
  }
  follow(listener, receive).then(() => peers.end(), error => peers.end(error))
  tell(save, current())

  return {
    invite: listener.invite,
    get resume () { return current() },
    peers,
    async close () {
      closed = true
      peers.end()
      await Promise.all([...meeting].map(peer => peer.close()))
      await listener.close()
    }
  }
}

/** Rejects with `CALL_ERR_NO_PEER` where it takes longer than `ms`. */
async function inTime (work: Promise<void>, ms: number): Promise<void> {
  let done = false
  await settled(work.then(() => { done = true }), ms)
  if (!done) throw new CallError('CALL_ERR_NO_PEER')
}

async function follow (listener: Listener, receive: (channel: Channel) => Promise<void>) {
  for await (const channel of listener) void receive(channel)
}
