import { backoff, defaultTimings } from '../retry.js'
import { Scope } from '../scope.js'
import type { EndAttempt } from './attempts.js'
import type { Channel } from './channel.js'
import { CallError, type CallErrorCode } from './errors.js'
import { connectPeer, type Peer, type PreparedConnection, type Settings } from './peer.js'
import { commit, fingerprintOf, type Commitment } from './short-code.js'

/** A hello that was said, and the connection that it is for. */
export interface Hello {
  prepared: PreparedConnection
  channel: Channel
  opening: string
  /** ends this attempt, if attempts are counted */
  endAttempt?: EndAttempt
}

export interface Staying {
  /** the other participant's */
  id: string
  sayHello: () => Promise<Hello>
  settings: Settings
  signal: AbortSignal
  connected: (peer: Peer, prepared: PreparedConnection) => void
  /** Called once for every hello: whether people could compare the code that came of it. */
  compared?: (hello: Hello, yes: boolean) => void
}

/**
 * Creates the connection while `connect` begins.
 * @param connect says hello as soon as there is a commitment, and resolves with the conversation
 */
export async function sayHello (createConnection: () => Promise<PreparedConnection>, connect: (committing: Promise<Commitment>) => Promise<Channel>): Promise<Hello> {
  // In the next step, because a new connection keeps the page busy, and what `connect` asks of the server takes longer.
  const creating = Promise.resolve().then(createConnection)
  const committing = creating.then(async ({ connection }) => {
    const { sdp = '' } = await connection.createOffer()
    return await commit(fingerprintOf(sdp))
  })
  const connecting = connect(committing)
  try {
    const [prepared, { opening }, channel] = await Promise.all([creating, committing, connecting])
    await prepared.turn
    return { prepared, opening, channel }
  } catch (error) {
    creating.then(({ connection }) => { connection.close() }, () => {})
    connecting.then(channel => channel.close(error), () => {})
    throw error
  }
}

/** After these errors, another hello may help: the host's page was reloaded, or the network changed. */
const TRANSIENT = new Set<CallErrorCode | undefined>(['CALL_ERR_LOST', 'CALL_ERR_NO_PATH', 'CALL_ERR_NO_PATH_WITH_TURN'])

/**
 * Connects, in the guest's role, to whoever answers the hello. If the connection is lost, says hello again: once, and
 * then only after people have had time to compare a code. Resolves when either side leaves; otherwise rejects with
 * the reason.
 */
export async function stay (hello: Hello, { id, sayHello, settings, signal, connected, compared }: Staying): Promise<void> {
  const { compare, timeouts } = settings
  for (let failures = 0, early = 0; ;) {
    let reason: unknown
    const since = performance.now()
    const current = hello
    const settle = (yes: boolean) => {
      if (yes || !compare) failures = 0
      compared?.(current, yes)
    }
    failures++
    try {
      const { prepared, channel, opening } = current
      const connection = await connectPeer(id, prepared, channel, { role: 'guest', opening }, settings, signal)
      if (!compare) settle(true)
      else void connection.compared.then(settle)
      connected(connection.peer, prepared)
      reason = await connection.peer.closed
    } catch (error) {
      compared?.(current, false)
      reason = error
    }
    signal.throwIfAborted()
    if (!(reason instanceof CallError && TRANSIENT.has(reason.code)) || failures > 1) {
      if (reason !== undefined) throw reason
      return
    }
    // If nobody compares codes, a host that ends every connection would otherwise get one hello right after another.
    early = performance.now() - since < timeouts.compare ? early + 1 : 0
    if (early > 1) await Scope.run(undefined, signal, scope => backoff(scope, early - 1, reason, defaultTimings))
    hello = await sayHello()
  }
}
