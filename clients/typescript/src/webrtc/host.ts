import { parseAddress } from '../address.js'
import { isTimeout, Scope } from '../scope.js'
import { Attempts, type EndAttempt } from './attempts.js'
import { asCallError, boxOptions } from './boxes.js'
import type { Channel } from './channel.js'
import { connectionFactory, peerConnectionClass, type ConnectionOptions } from './peer-connection.js'
import { CallError } from './errors.js'
import { listen, notify, type Listener, type ListenOptions, type Resume } from './listen.js'
import { defaultSettings, connectPeer, type PreparedConnection, type Peer, type Settings } from './peer.js'
import { Queue } from './queue.js'
import { createNonce } from './sealing.js'

/** How long it may take to check that a guest's box still exists, in ms. */
const PROBE_TIMEOUT = 30_000

/** The options of `host`. */
export interface HostOptions extends ListenOptions, ConnectionOptions {
  /** Called with `resume` at the start and after every change. Store the latest value, and keep it as secret as the invite. */
  save?: (resume: Resume) => void
}

/** This side of a call. */
export interface Call {
  /** Peers, as they connect: `for await (const peer of call.peers)`. */
  readonly peers: AsyncIterable<Peer>
  /**
   * Leaves the call: ends the loop over `peers` at once and tells every peer. Await it before the program
   * ends; otherwise the other side is not told.
   */
  close (): Promise<void>
}

/** The host's side of a call. */
export interface HostedCall extends Call {
  /** The link to give to guests. Anyone who has it can join. */
  readonly invite: string
  /** What to store to continue with the same invite after a reload, through the option `resume`. Keep it secret. */
  readonly resume: Resume
}

/**
 * Starts a call and creates an invite to it. A guest that cannot be connected is reported to the `refused`
 * callback, and the loop over `peers` continues; the loop throws only if the invite itself is gone. Closing the
 * call ends the invite.
 *
 * After eight failed attempts to join, `refused` is called with `CALL_ERR_ATTEMPTS`, and the invite accepts
 * no new guests until one of them is forgotten, ten minutes later.
 * @throws TypeError if there is no RTCPeerConnection, or an option is invalid
 * @throws CallError if the box of `resume` is gone (`CALL_ERR_GONE`), the server fails (`CALL_ERR_SERVER`),
 * or the page is not secure (`CALL_ERR_INSECURE`)
 */
export async function host (options: HostOptions): Promise<HostedCall> {
  return await hostWith(defaultSettings, options)
}

export async function hostWith (settings: Settings, options: HostOptions): Promise<HostedCall> {
  const { server, page, resume, maxGuests, refused, save, signal, timeout, compare = true } = options
  const timeouts = { ...settings.timeouts, ...(timeout !== undefined && { answer: timeout }) }
  // Checked before there is a box.
  peerConnectionClass(options)
  const listener = await listen({
    server,
    ...(page !== undefined && { page }),
    ...(resume && { resume }),
    ...(maxGuests !== undefined && { maxGuests }),
    ...(refused && { refused }),
    ...boxOptions(options)
  })
  const createConnection = connectionFactory(parseAddress(listener.resume.link), options)
  const peers = new Queue<Peer>()
  const connected = new Set<Peer>()
  let closed = false
  const current = (): Resume => ({ ...listener.resume, unfinished: attempts.unfinished, since: attempts.since })
  const attempts = new Attempts(resume?.unfinished ?? 0, resume?.since ?? Date.now(), () => { if (!closed) notify(save, current()) })

  const receive = async (channel: Channel) => {
    let endAttempt: EndAttempt | undefined
    const end = (failed: boolean) => {
      endAttempt?.(failed && compare)
      if (failed && attempts.exhausted) notify(refused, new CallError('CALL_ERR_ATTEMPTS'))
    }
    let prepared: PreparedConnection | undefined
    let offered = false
    try {
      endAttempt = await attempts.begin()
      // A guest that has given up has deleted its box. When attempts are scarce, that must not cost one.
      if (attempts.unfinished > 1) await probe(channel, Math.min(timeouts.answer, PROBE_TIMEOUT))
      const { commitment } = Object(channel.hello) as { commitment?: unknown }
      prepared = await createConnection()
      offered = true
      const { peer, compared } = await connectPeer(prepared, channel, { role: 'host', commitment, random: createNonce() }, { ...settings, timeouts, compare }, signal)
      if (compare) void compared.then(yes => { end(!yes) })
      else end(false)
      connected.add(peer)
      void peer.closed.then(() => connected.delete(peer))
      if (!peers.push(peer)) await peer.close()
    } catch (error) {
      prepared?.connection.close()
      const reason = asCallError(error)
      // At once: to tell the guest may take a while.
      if (reason instanceof CallError) notify(refused, reason)
      await channel.close(reason)
      end(offered)
    }
  }
  forEachChannel(listener, receive).then(() => peers.end(), error => peers.end(error))
  notify(save, current())

  return {
    invite: listener.invite,
    get resume () { return current() },
    peers,
    async close () {
      closed = true
      peers.end()
      await Promise.all([...connected].map(peer => peer.close()))
      await listener.close()
    }
  }
}

/** Rejects if the guest's box is gone, or with `CALL_ERR_NO_PEER` if nothing can be stored there in time. */
async function probe (channel: Channel, ms: number): Promise<void> {
  try {
    await Scope.run(undefined, undefined, () => channel.send({}), ms)
  } catch (error) {
    throw isTimeout(error) ? new CallError('CALL_ERR_NO_PEER') : error
  }
}

async function forEachChannel (listener: Listener, receive: (channel: Channel) => Promise<void>) {
  for await (const channel of listener) void receive(channel)
}
