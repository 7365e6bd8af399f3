import { dropAddressOf, parseAddress } from '../address.js'
import { Scope } from '../scope.js'
import { answer } from './answer.js'
import { Attempts } from './attempts.js'
import { boxOptions } from './boxes.js'
import type { Channel } from './channel.js'
import { CallError, type CallErrorCode } from './errors.js'
import { Introducer } from './introducer.js'
import { listen, MAX_GUESTS, type Listener, type ListenOptions, type Resume } from './listen.js'
import { notify } from './notify.js'
import { idOf, idOfGuest, isPublicKey } from './participant.js'
import { connectionFactory, peerConnectionClass, type ConnectionOptions } from './peer-connection.js'
import { defaultSettings, type Peer, type Settings } from './peer.js'
import { Queue } from './queue.js'

/** The most guests in a mesh: with the host, six people. */
const MAX_MESH_GUESTS = 5

/** The options of `host`. */
export interface HostOptions extends Omit<ListenOptions, 'refused'>, ConnectionOptions {
  /** Called for every guest or message that was refused, with the reason, and with the guest's id if it is known. */
  refused?: (error: CallError, id?: string) => void
  /** Called with `resume` at the start and after every change. Store the latest value, and keep it as secret as the invite. */
  save?: (resume: Resume) => void
}

/** This side of a call. */
export interface Call {
  /** This participant's own id: the `id` of the peer by which everyone else knows it. */
  readonly id: string
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
 * Starts a call and creates an invite to it. If a guest cannot be connected, `refused` is called, and the loop
 * over `peers` continues; the loop throws only if the invite itself is gone. Closing the call ends the invite.
 *
 * After eight failed attempts to join, `refused` is called with `CALL_ERR_ATTEMPTS`, and the invite accepts no
 * new guests until one of them is forgotten, ten minutes later. Sixteen successful attempts count as one failed.
 * @throws TypeError if there is no RTCPeerConnection, or an option is invalid
 * @throws CallError if the box of `resume` is gone (`CALL_ERR_GONE`), the server fails (`CALL_ERR_SERVER`),
 * or the page is not secure (`CALL_ERR_INSECURE`)
 */
export async function host (options: HostOptions): Promise<HostedCall> {
  return await hostWith(defaultSettings, options)
}

export async function hostWith (settings: Settings, options: HostOptions): Promise<HostedCall> {
  const { server, page, resume, mesh = false, maxGuests = mesh ? MAX_MESH_GUESTS : MAX_GUESTS, refused, save, signal, timeout, compare = true } = options
  if (mesh && maxGuests > MAX_MESH_GUESTS) throw new TypeError(`With the option mesh, maxGuests must be at most ${MAX_MESH_GUESTS}`)
  // Checked before there is a box.
  peerConnectionClass(options)
  const report = (error: CallError, id?: string) => { if (!closed) notify(refused, error, id) }
  let closed = false
  const listener = await listen({
    server,
    ...(page !== undefined && { page }),
    ...(resume && { resume }),
    maxGuests,
    refused: report,
    ...boxOptions(options)
  })
  const address = parseAddress(listener.resume.link)
  const ownId = await idOf(await dropAddressOf(address.id))
  const peers = new Queue<Peer>()
  /** ends with the call, before anyone is told */
  const opening = new Scope(undefined, signal)
  const connected = new Set<Peer>()
  /** of the guests that are connecting or connected */
  const taken = new Set<Channel>()
  const current = (): Resume => ({ ...listener.resume, unfinished: attempts.unfinished, since: attempts.since })
  const attempts = new Attempts(resume?.unfinished ?? 0, resume?.since ?? Date.now(), () => { if (!closed) notify(save, current()) })
  const timeouts = { ...settings.timeouts, ...(timeout !== undefined && { answer: timeout }) }
  const answering = { attempts, settings: { ...settings, timeouts, compare }, refused: report, signal }
  const { create, ahead } = connectionFactory(address, { ...options, signal: opening.signal })
  ahead()
  const introducer = mesh ? new Introducer() : undefined

  const receive = async (channel: Channel) => {
    const refuse = async (code: CallErrorCode, id?: string) => {
      const error = new CallError(code)
      report(error, id)
      await channel.close(error)
    }
    const { key } = Object(channel.hello) as { key?: unknown }
    const id = await idOfGuest(channel.hello, channel.session!.parts.guestDrop)
    // With the server's help, a guest could name the host's own box as its own.
    if (id === ownId) return await refuse('CALL_ERR_FOREIGN')
    // The listener no longer counts a guest whose conversation failed, but that guest may still be connected.
    if (taken.size >= maxGuests) return await refuse('CALL_ERR_FULL', id)
    taken.add(channel)
    let came = false
    const createConnection = async () => {
      const prepared = await create()
      introducer?.listenTo(id, prepared.control)
      return prepared
    }
    await answer(channel, id, { ...answering, createConnection }, (peer, { control }) => {
      came = true
      connected.add(peer)
      void peer.closed.then(() => {
        connected.delete(peer)
        taken.delete(channel)
        introducer?.remove(id, control)
      })
      if (!peers.push(peer)) void peer.close()
      if (isPublicKey(key)) void control.opened.then(() => { if (connected.has(peer)) introducer?.add(id, key, control) })
    })
    if (!came) taken.delete(channel)
  }
  forEachChannel(listener, receive).then(() => peers.end(), error => peers.end(error))
  notify(save, current())

  return {
    id: ownId,
    invite: listener.invite,
    get resume () { return current() },
    peers,
    async close () {
      closed = true
      opening.end()
      peers.end()
      // All in one step: a page that is being closed has no time for another.
      await Promise.all([...[...connected].map(peer => peer.close()), listener.close()])
    }
  }
}

async function forEachChannel (listener: Listener, receive: (channel: Channel) => Promise<void>) {
  for await (const channel of listener) void receive(channel)
}
