import { Scope } from '../scope.js'
import { Attempts } from './attempts.js'
import { boxOptions } from './boxes.js'
import type { Channel } from './channel.js'
import { connectWith } from './connect.js'
import { asCallError, type CallError } from './errors.js'
import type { Call } from './host.js'
import { inviteTo } from './invite.js'
import { OtherGuests } from './other-guests.js'
import { idOf, Participant } from './participant.js'
import { connectionFactory, type ConnectionOptions } from './peer-connection.js'
import { defaultSettings, type Peer, type Settings } from './peer.js'
import { Queue } from './queue.js'
import { sayHello, stay, type Hello } from './stay.js'

/** The options of `join`. */
export interface JoinOptions extends ConnectionOptions {
  /**
   * The base URL of the box routes. If given, the invite must lead to this server. Required with `headers`,
   * which must not reach any other server.
   */
  server?: string | URL
  /** With `mesh`: called for every guest to which no connection could be made, with the reason and the guest's id. The call continues. */
  refused?: (error: CallError, id: string) => void
}

/**
 * Joins the call of an invite. Rejects at once if the invite is invalid or gone; otherwise, the loop over
 * `peers` yields the host and, with `mesh`, the other guests. If the connection to the host is lost, `join` says
 * hello again, and the loop yields the host again; it tries once, and may do so again only after people have had
 * time to compare a code. The loop ends when either side leaves or, in a mesh, when nobody else is left; it throws
 * a `CallError` if no connection can be made.
 * @throws CallError if the invite is invalid (`CALL_ERR_INVITE`, `CALL_ERR_KEY`, `CALL_ERR_INVITE_VERSION`),
 * its box is gone (`CALL_ERR_GONE`), or the server fails (`CALL_ERR_SERVER`)
 * @throws TypeError if there is no RTCPeerConnection, or `headers` are given without `server`
 */
export async function join (invite: string | URL, options: JoinOptions = {}): Promise<Call> {
  return await joinWith(defaultSettings, invite, options)
}

export async function joinWith (settings: Settings, invite: string | URL, options: JoinOptions): Promise<Call> {
  const creating = Participant.create()
  // `inviteTo` says first that there is no encryption.
  creating.catch(() => {})
  const parsed = await inviteTo(invite, options)
  const { timeout, refused, mesh = false, signal, compare = true } = options
  const timeouts = { ...settings.timeouts, ...(timeout !== undefined && { answer: timeout }) }
  const callSettings = { ...settings, timeouts, compare }
  const scope = new Scope(undefined, signal)
  /** ends with the call, before anyone is told */
  const opening = new Scope(scope)
  const { create } = connectionFactory({ server: parsed.server, id: parsed.key.hostDrop }, { ...options, signal: opening.signal })
  const [own, hostId] = await Promise.all([creating, idOf(parsed.key.hostDrop)])
  const peers = new Queue<Peer>()
  const attempts = new Attempts(0, Date.now(), () => {})
  const others = mesh
    ? new OtherGuests(own, { attempts, settings: callSettings, createConnection: create, refused }, scope, peer => { peers.push(peer) })
    : undefined
  let current: Channel | undefined
  let host: Peer | undefined

  const helloToHost = async (): Promise<Hello> => {
    const hello = await sayHello(create, async committing => {
      const limited = new Scope(scope)
      const began = performance.now()
      const hello = async () => {
        // The application may take its time to prepare the connection.
        const left = timeouts.answer - (performance.now() - began)
        limited.deadline()
        const { commitment } = await committing
        limited.deadline(left)
        return { commitment, self: own.self, ...(mesh && { key: own.key }) }
      }
      try {
        limited.deadline(timeouts.answer)
        current = await connectWith(parsed, hello, { ...boxOptions(options), signal: limited.signal })
        // From here on, the time limits of the peer apply.
        limited.deadline()
        return current
      } catch (error) {
        limited.end()
        // Reaching its own time limit is not an abort by the caller.
        throw asCallError(error, scope.signal)
      }
    })
    others?.listenTo(hello.prepared.control)
    return hello
  }

  /** Tells the others; a connection that is not up yet ends with the scope. */
  const close = async () => {
    opening.end()
    // All in one step: a page that is being closed has no time for another. Only guests without a path between them
    // still need the host, to tell each other.
    const needHost = others?.needHost === true
    const left = others?.close()
    if (needHost) await left
    await Promise.all([left, host?.close(), current?.close()])
    scope.end()
  }

  const first = await helloToHost().catch(error => {
    scope.end()
    throw error
  })
  const whole = stay(first, {
    id: hostId,
    sayHello: helloToHost,
    settings: callSettings,
    signal: scope.signal,
    connected (peer) {
      host = peer
      peers.push(peer)
    }
  // Guests that are connected stay connected without the host.
  }).finally(() => others?.none())
  void whole.then(() => peers.end(), error => peers.end(error)).then(close)
  return {
    id: own.id,
    peers,
    async close () {
      peers.end()
      await close()
    }
  }
}
