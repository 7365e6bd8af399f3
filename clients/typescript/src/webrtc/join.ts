import { Scope } from '../scope.js'
import { boxOptions, type Channel } from './channel.js'
import { commit, fingerprintOf } from './code.js'
import { connect } from './connect.js'
import { endpoints, type ConnectionOptions } from './endpoint.js'
import { CallError, type CallErrorCode } from './errors.js'
import type { Call } from './host.js'
import { inviteTo } from './invite.js'
import { defaults, meet, type Endpoint, type Peer, type Settings } from './peer.js'
import { Queue } from './queue.js'

export interface JoinOptions extends ConnectionOptions {
  /** The base URL of the box routes that the invite has to lead to; needed with `headers`, which must not go anywhere else. */
  server?: string | URL
}

/** After these it may help to say hello again: the host's page was loaded again, or the network changed. */
const passing = new Set<CallErrorCode | undefined>(['CALL_ERR_LOST', 'CALL_ERR_NO_PATH', 'CALL_ERR_NO_PATH_WITH_TURN'])

/**
 * Joins the call of an invite. It rejects at once where the invite is wrong or gone; else the loop
 * over `peers` gives the host. When the connection breaks without a word, it says hello again, and
 * the loop gives the host once more; but only once until people could compare a code again. The loop ends when either side leaves, and throws the
 * `CallError` that says why when there is no connection to be had.
 */
export async function join (invite: string | URL, options: JoinOptions = {}): Promise<Call> {
  return await joinWith(defaults, invite, options)
}

export async function joinWith (settings: Settings, invite: string | URL, options: JoinOptions): Promise<Call> {
  const parsed = await inviteTo(invite, options)
  const endpoint = endpoints({ server: parsed.server, id: parsed.key.hostDrop }, options)
  const { timeout, signal, compare = true } = options
  const patience = { ...settings.patience, ...(timeout !== undefined && { answer: timeout }) }
  const scope = new Scope(undefined, signal)
  const peers = new Queue<Peer>()
  let current: Channel | undefined

  const sayHello = async (): Promise<Attempt> => {
    const made = await endpoint()
    try {
      const { sdp = '' } = await made.connection.createOffer()
      const { commitment, opening } = await commit(fingerprintOf(sdp))
      const channel = await connect(parsed, { hello: { commitment }, ...boxOptions(options), signal: scope.signal })
      current = channel
      return { made, channel, opening }
    } catch (error) {
      made.connection.close()
      throw error
    }
  }

  const stay = async (attempt: Attempt) => {
    for (let failures = 0; ;) {
      let reason: unknown
      try {
        const { made, channel, opening } = attempt
        failures++
        const { peer, compared } = await meet(made, channel, { role: 'guest', opening }, { ...settings, patience }, scope.signal)
        if (compare) void compared.then(yes => { if (yes) failures = 0 })
        else failures = 0
        peers.push(peer)
        reason = await peer.closed
      } catch (error) {
        reason = error
      }
      if (!(reason instanceof CallError && passing.has(reason.code)) || failures > 1 || scope.signal.aborted) {
        if (reason !== undefined) throw reason
        return
      }
      attempt = await sayHello()
    }
  }

  /** The other side learns of it by the channel, and the connection ends with that. */
  const close = async () => {
    await current?.close()
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
  made: Endpoint
  channel: Channel
  opening: string
}
