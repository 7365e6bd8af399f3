import { isTimeout, Scope } from '../scope.js'
import type { AttemptLimit, EndAttempt, Outcome } from './attempts.js'
import type { Channel } from './channel.js'
import { asCallError, CallError } from './errors.js'
import { notify } from './notify.js'
import { connectPeer, type Peer, type PreparedConnection, type Settings } from './peer.js'
import { createNonce } from './sealing.js'

/** How long it may take to check that a guest's box still exists, in ms. */
const PROBE_TIMEOUT = 30_000

/** What it takes to answer hellos. */
export interface Answering {
  attempts: AttemptLimit
  settings: Settings
  createConnection: () => Promise<PreparedConnection>
  /** called with the other participant's id */
  refused: ((error: CallError, id: string) => void) | undefined
  signal?: AbortSignal | undefined
}

/**
 * Connects, in the host's role, to whoever said hello over the channel. If that fails, both sides are told, and
 * there is no peer.
 * @param id the other participant's
 * @param connected called with the peer and its connection once they are connected
 */
export async function answer (channel: Channel, id: string, answering: Answering, connected: (peer: Peer, prepared: PreparedConnection) => void): Promise<void> {
  const { attempts, settings, createConnection, refused, signal } = answering
  const { compare, timeouts } = settings
  let endAttempt: EndAttempt | undefined
  const end = (outcome: Outcome) => {
    if (endAttempt === undefined) return
    endAttempt(compare ? outcome : 'free')
    if (outcome !== 'free' && attempts.exhausted) notify(refused, new CallError('CALL_ERR_ATTEMPTS'), id)
  }
  let prepared: PreparedConnection | undefined
  let offered = false
  try {
    endAttempt = await turn(attempts, channel, timeouts.waiting, signal)
    // A guest that has given up has deleted its box. When attempts are scarce, that must not cost one.
    if (attempts.unfinished >= 2) await probe(channel, Math.min(timeouts.answer, PROBE_TIMEOUT))
    const { commitment } = Object(channel.hello) as { commitment?: unknown }
    prepared = await createConnection()
    await prepared.turn
    offered = true
    const { peer, compared } = await connectPeer(id, prepared, channel, { role: 'host', commitment, random: createNonce() }, settings, signal)
    if (compare) void compared.then(yes => { end(yes ? 'compared' : 'failed') })
    else end('free')
    connected(peer, prepared)
  } catch (error) {
    prepared?.connection.close()
    const reason = asCallError(error, signal)
    // Reported first, because telling the other side may take a while.
    if (reason instanceof CallError && !signal?.aborted) notify(refused, reason, id)
    await channel.close(reason)
    end(offered ? 'failed' : 'free')
  }
}

/** Waits for an attempt, and tells the guest from time to time, so that it does not give up. Rejects if it has. */
async function turn (attempts: AttemptLimit, channel: Channel, interval: number, signal?: AbortSignal): Promise<EndAttempt> {
  return await Scope.run(undefined, signal, async scope => {
    const begun = attempts.begin(scope.signal)
    try {
      for (;;) {
        const endAttempt = await Promise.race([begun, scope.sleep(interval).then(() => undefined)])
        if (endAttempt !== undefined) return endAttempt
        await probe(channel, PROBE_TIMEOUT)
      }
    } catch (error) {
      begun.then(endAttempt => { endAttempt('free') }, () => {})
      throw error
    }
  })
}

/** Rejects if the guest's box is gone, or with `CALL_ERR_NO_PEER` if nothing can be stored there in time. */
async function probe (channel: Channel, ms: number): Promise<void> {
  try {
    await Scope.run(undefined, undefined, () => channel.send({}), ms)
  } catch (error) {
    throw isTimeout(error) ? new CallError('CALL_ERR_NO_PEER') : error
  }
}
