import { OptionError, resolveOptions, type BoxPluginOptions, type ResolvedOptions } from '../options.js'
import { checkOptions, optional } from '../store/options.js'
import type { Store } from '../store/store.js'

/** The options of an endpoint that mean the same as those of `boxPlugin`. */
export const SHARED = ['cors', 'rateLimit', 'maxMessageBytes', 'maxMessages', 'maxBoxBytes', 'maxStoreBytes'] as const

/** The options that Fastify itself accepts. */
const OF_REGISTER = ['prefix', 'logLevel', 'logSerializers', 'encapsulate']

/** A day, in seconds. */
const LONGEST = 86_400

type SharedOptions = Pick<BoxPluginOptions, typeof SHARED[number]>

export const isSeconds = optional([`a whole number from 1 to ${LONGEST}`, value => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= LONGEST])
const isAnything = optional(['', () => true])

/** The options of a `boxPlugin` that apply to an endpoint as well. */
export function sharedWith (options: BoxPluginOptions): SharedOptions {
  return Object.fromEntries(SHARED.map(name => [name, options[name]]))
}

/**
 * Checks the options of an endpoint.
 * @param own the rules of the options that only this endpoint has
 * @returns those that mean the same as the options of `boxPlugin`, with their defaults
 * @throws TypeError that names the option, what was expected and what was received
 */
export function resolveShared (plugin: string, input: SharedOptions & { store?: Store | undefined }, own: Parameters<typeof checkOptions>[2]): ResolvedOptions {
  checkOptions(plugin, input, {
    store: optional(['a Store', value => typeof (value as Partial<Store> | null)?.append === 'function']),
    ...own,
    ...Object.fromEntries([...SHARED, ...OF_REGISTER].map(name => [name, isAnything]))
  })
  try {
    return resolveOptions(sharedWith(input))
  } catch (error) {
    if (!(error instanceof OptionError)) throw error
    throw new TypeError(`${plugin}: option '${error.option}' expected ${error.expected(name => name)}, received ${error.received}`)
  }
}
