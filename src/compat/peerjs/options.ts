import type { BoxPluginOptions, ResolvedOptions } from '../../options.js'
import { optional } from '../../store/options.js'
import type { Store } from '../../store/store.js'
import { isSeconds, resolveShared, type SHARED } from '../options.js'
import { LONGEST_NAME } from './protocol.js'

/** The options of `peerjsPlugin`. */
export interface PeerjsPluginOptions extends Pick<BoxPluginOptions, typeof SHARED[number]> {
  /**
   * Where messages wait. It may be the store of `boxPlugin`. Servers with the same Redis serve the same peers.
   * Default: a new `memoryStore()`. The plugin closes the store with the app.
   */
  store?: Store | undefined
  /**
   * The key that clients must give. It is not a secret, since every client has it.
   * @default "peerjs"
   */
  key?: string | undefined
  /**
   * Whether anyone may list the ids of the peers that are connected to this server.
   * @default false
   */
  discovery?: boolean | undefined
  /**
   * How long a message waits for a peer that is not there before its sender is told that it has expired, in seconds.
   * @default 5
   */
  expire?: number | undefined
  /**
   * How long a socket may be silent before it is closed, and how long an id remains taken after a crash or restart
   * of the server, in seconds.
   * @default 90
   */
  timeout?: number | undefined
}

const PLUGIN = 'peerjsPlugin'

const rules = {
  key: optional([`a text of 1 to ${LONGEST_NAME} characters`, value => typeof value === 'string' && value.length > 0 && value.length <= LONGEST_NAME]),
  discovery: optional(['true or false', value => typeof value === 'boolean']),
  expire: isSeconds,
  timeout: isSeconds
}

export interface ResolvedPeerjsOptions {
  store: Store | undefined
  key: string
  discovery: boolean
  expire: number
  timeout: number
  /** those that mean the same as the options of `boxPlugin` */
  box: ResolvedOptions
}

/** @throws TypeError that names the option, what was expected and what was received */
export function resolvePeerjsOptions (input: PeerjsPluginOptions): ResolvedPeerjsOptions {
  const box = resolveShared(PLUGIN, input, rules)
  const { store, key = 'peerjs', discovery = false, expire = 5, timeout = 90 } = input
  // A message must not be gone before it expires.
  if (expire > timeout / 2) throw new TypeError(`${PLUGIN}: option 'expire' expected at most half of 'timeout' (${timeout}), received ${expire}`)
  return { store, key, discovery, expire, timeout, box }
}
