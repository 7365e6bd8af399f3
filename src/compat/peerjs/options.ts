import { OptionError, resolveOptions, type BoxPluginOptions, type ResolvedOptions } from '../../options.js'
import { checkOptions, optional } from '../../store/options.js'
import type { Store } from '../../store/store.js'
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

/** The options that mean the same as those of `boxPlugin`. */
const SHARED = ['cors', 'rateLimit', 'maxMessageBytes', 'maxMessages', 'maxBoxBytes', 'maxStoreBytes'] as const

/** The options that Fastify itself accepts. */
const OF_REGISTER = ['prefix', 'logLevel', 'logSerializers', 'encapsulate']

const PLUGIN = 'peerjsPlugin'
/** A day, in seconds. */
const LONGEST = 86_400

const seconds = optional([`a whole number from 1 to ${LONGEST}`, value => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= LONGEST])
const anything = optional(['', () => true])

const rules = {
  store: optional(['a Store', value => typeof (value as Partial<Store> | null)?.append === 'function']),
  key: optional([`a text of 1 to ${LONGEST_NAME} characters`, value => typeof value === 'string' && value.length > 0 && value.length <= LONGEST_NAME]),
  discovery: optional(['true or false', value => typeof value === 'boolean']),
  expire: seconds,
  timeout: seconds,
  ...Object.fromEntries([...SHARED, ...OF_REGISTER].map(name => [name, anything]))
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

/** The options of a `boxPlugin` that apply here as well. */
export function sharedWith (options: BoxPluginOptions): Pick<BoxPluginOptions, typeof SHARED[number]> {
  return Object.fromEntries(SHARED.map(name => [name, options[name]]))
}

/** @throws TypeError that names the option, what was expected and what was received */
export function resolvePeerjsOptions (input: PeerjsPluginOptions): ResolvedPeerjsOptions {
  checkOptions(PLUGIN, input, rules)
  const { store, key = 'peerjs', discovery = false, expire = 5, timeout = 90 } = input
  // A message must not be gone before it expires.
  if (expire > timeout / 2) throw new TypeError(`${PLUGIN}: option 'expire' expected at most half of 'timeout' (${timeout}), received ${expire}`)
  try {
    return { store, key, discovery, expire, timeout, box: resolveOptions(sharedWith(input)) }
  } catch (error) {
    if (!(error instanceof OptionError)) throw error
    throw new TypeError(`${PLUGIN}: option '${error.option}' expected ${error.expected(name => name)}, received ${error.received}`)
  }
}
