import { Scope } from '../scope.js'
import { boxOptions } from './boxes.js'
import type { Channel } from './channel.js'
import { commit, fingerprintOf } from './short-code.js'
import { connect } from './connect.js'
import { connectionFactory, type ConnectionOptions } from './peer-connection.js'
import { CallError, type CallErrorCode } from './errors.js'
import type { Call } from './host.js'
import { inviteTo } from './invite.js'
import { defaultSettings, connectPeer, type PreparedConnection, type Peer, type Settings } from './peer.js'
import { Queue } from './queue.js'

/** The options of `join`. */
export interface JoinOptions extends ConnectionOptions {
  /**
   * The base URL of the box routes. If given, the invite must lead to this server. Required with `headers`,
   * which must not reach any other server.
   */
  server?: string | URL
}

/** After these errors, another hello may help: the host's page was reloaded, or the network changed. */
const TRANSIENT = new Set<CallErrorCode | undefined>(['CALL_ERR_LOST', 'CALL_ERR_NO_PATH', 'CALL_ERR_NO_PATH_WITH_TURN'])

/**
 * Joins the call of an invite. Rejects at once if the invite is invalid or gone; otherwise, the loop over
 * `peers` yields the host. If the connection is lost, another hello is sent and the loop yields the host again,
 * but only once until people have been able to compare a code again. The loop ends when either side leaves, and
 * throws a `CallError` if no connection can be made.
 * @throws CallError if the invite is invalid (`CALL_ERR_INVITE`, `CALL_ERR_KEY`, `CALL_ERR_INVITE_VERSION`),
 * its box is gone (`CALL_ERR_GONE`), or the server fails (`CALL_ERR_SERVER`)
 * @throws TypeError if there is no RTCPeerConnection, or `headers` are given without `server`
 */
export async function join (invite: string | URL, options: JoinOptions = {}): Promise<Call> {
  return await joinWith(defaultSettings, invite, options)
}

export async function joinWith (settings: Settings, invite: string | URL, options: JoinOptions): Promise<Call> {
  const parsed = await inviteTo(invite, options)
  const { timeout, signal, compare = true } = options
  const timeouts = { ...settings.timeouts, ...(timeout !== undefined && { answer: timeout }) }
  const scope = new Scope(undefined, signal)
  const createConnection = connectionFactory({ server: parsed.server, id: parsed.key.hostDrop }, { ...options, signal: scope.signal })
  const peers = new Queue<Peer>()
  let current: Channel | undefined
  let peer: Peer | undefined

  const sayHello = async (): Promise<Attempt> => {
    const prepared = await createConnection()
    const limited = new Scope(scope)
    try {
      const { sdp = '' } = await prepared.connection.createOffer()
      const { commitment, opening } = await commit(fingerprintOf(sdp))
      limited.deadline(timeouts.answer)
      const channel = await connect(parsed, { hello: { commitment }, ...boxOptions(options), signal: limited.signal })
      // From here on, the time limits of the peer apply.
      limited.deadline()
      current = channel
      return { prepared, channel, opening }
    } catch (error) {
      limited.end()
      prepared.connection.close()
      throw error
    }
  }

  const stay = async (attempt: Attempt) => {
    for (let failures = 0; ;) {
      let reason: unknown
      try {
        const { prepared, channel, opening } = attempt
        failures++
        const connected = await connectPeer(prepared, channel, { role: 'guest', opening }, { ...settings, timeouts, compare }, scope.signal)
        if (compare) void connected.compared.then(yes => { if (yes) failures = 0 })
        else failures = 0
        peer = connected.peer
        peers.push(peer)
        reason = await peer.closed
      } catch (error) {
        reason = error
      }
      if (!(reason instanceof CallError && TRANSIENT.has(reason.code)) || failures > 1 || scope.signal.aborted) {
        if (reason !== undefined) throw reason
        return
      }
      attempt = await sayHello()
    }
  }

  /** Tells the other side; a connection that is not up yet ends with the scope. */
  const close = async () => {
    await Promise.all([peer?.close(), current?.close()])
    scope.end()
  }

  const first = await sayHello().catch(error => {
    scope.end()
    throw error
  })
  void stay(first).then(() => peers.end(), error => peers.end(error)).then(close)
  return {
    peers,
    async close () {
      peers.end()
      await close()
    }
  }
}

interface Attempt {
  prepared: PreparedConnection
  channel: Channel
  opening: string
}
