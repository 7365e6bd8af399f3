import { isIP } from 'node:net'
import { Type, type TSchema } from '@sinclair/typebox'
import { Errors } from '@sinclair/typebox/errors'
import { optionsSchema } from '../options.js'
import { parseStoreAddress, STORE_HINT } from './open-store.js'

/** One setting of the server: a flag, and the environment variable of the same name. */
export interface Flag {
  /** `max-ttl`, which is also `MAX_TTL` */
  name: string
  /** what the value looks like */
  hint: string
  about: string | undefined
  /** the default as text, for the help */
  fallback: string
  /** the option of `boxPlugin` that it sets, as a path: `rateLimit.creates`; none where it is the server's own */
  option?: string
  /** @throws FlagError saying what was expected */
  read: (text: string) => unknown
}

/** Says what a value should have been: `a whole number`. */
export class FlagError extends Error {}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']

const limits = optionsSchema.properties
const rates = limits.rateLimit.anyOf[1].properties
const ice = limits.ice.properties

/** Everything that can be set, in the order of the help. The limits are those of the plugin, by its own schema. */
export const flags: readonly Flag[] = [
  { name: 'port', hint: '<number>', about: 'port to listen on; 0 takes a free one', fallback: '8080', read: bySchema(Type.Integer({ minimum: 0, maximum: 65_535 })) },
  { name: 'host', hint: '<name>', about: 'address to listen on; 0.0.0.0 or :: for every one', fallback: 'localhost', read: text => text },
  { name: 'store', hint: '<address>', about: `where the boxes are kept: ${STORE_HINT}`, fallback: 'lmdb:./signalbox-data', read: readStore },
  ...numbers(limits, ''),
  { name: 'rate-limit', hint: '<on|off>', about: 'limits per client address, IPv6 by /64', fallback: 'on', read: oneOf('on', 'off') },
  ...numbers(rates, 'rateLimit.'),
  { name: 'trust-proxy', hint: '<list>', about: 'addresses or CIDRs of the proxies whose X-Forwarded-For counts', fallback: 'none', read: readProxies },
  { name: 'cors-origin', hint: '<list>', about: 'origins whose pages may call: * for all, none, or those listed', fallback: '*', option: 'cors', read: readOrigins },
  { name: 'ice-urls', hint: '<list>', about: ice.urls.description, fallback: 'none', option: 'ice.urls', read: listOf(ice.urls) },
  { name: 'turn-urls', hint: '<list>', about: ice.turnUrls.description, fallback: 'none', option: 'ice.turnUrls', read: listOf(ice.turnUrls) },
  { name: 'turn-secret', hint: '<secret>', about: `${ice.turnSecret.description}; better in the environment`, fallback: 'none', option: 'ice.turnSecret', read: text => text },
  { name: 'turn-ttl', hint: '<number>', about: ice.ttl.description, fallback: String(ice.ttl.default), option: 'ice.ttl', read: bySchema(ice.ttl) },
  { name: 'log-level', hint: '<level>', about: LOG_LEVELS.join(', '), fallback: 'info', read: oneOf(...LOG_LEVELS) }
]

/** `turnSecret` → `turn-secret` */
export function toFlagName (option: string): string {
  return option.replaceAll('.', '-').replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
}

/** `max-ttl` → `MAX_TTL` */
export function toVariable (name: string): string {
  return name.replaceAll('-', '_').toUpperCase()
}

function numbers (properties: Record<string, TSchema>, parent: string): Flag[] {
  return Object.entries(properties).filter(([, schema]) => schema['type'] === 'integer').map(([name, schema]) => ({
    name: toFlagName(parent + name),
    hint: '<number>',
    about: schema.description,
    fallback: String(schema['default'] ?? 'by store'),
    option: parent + name,
    read: bySchema(schema)
  }))
}

/** A whole number is read as one; anything else meets the schema as the text it is. */
function bySchema (schema: TSchema): (text: string) => unknown {
  return text => checked(schema, /^-?\d+$/.test(text) ? Number(text) : text)
}

function listOf (schema: TSchema): (text: string) => unknown {
  return text => checked(schema, split(text))
}

function checked (schema: TSchema, value: unknown): unknown {
  const error = Errors(schema, value).First()
  if (error !== undefined) throw new FlagError(error.message.replace(/^Expected /, ''))
  return value
}

function oneOf (...words: string[]): (text: string) => string {
  return text => {
    if (!words.includes(text)) throw new FlagError(`one of ${words.join(', ')}`)
    return text
  }
}

function split (text: string): string[] {
  return text.split(',').map(item => item.trim())
}

function readStore (text: string): unknown {
  const address = parseStoreAddress(text)
  if (address === undefined) throw new FlagError(STORE_HINT)
  return address
}

/** A count of hops is refused: Fastify takes it, and then believes any forged header. */
function readProxies (text: string): string[] {
  if (text === 'none') return []
  const proxies = split(text)
  for (const proxy of proxies) {
    const [address = '', bits, ...more] = proxy.split('/')
    const version = isIP(address)
    const fits = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
    if (version === 0 || !fits || more.length > 0) throw new FlagError('none, or IP addresses and CIDRs separated by commas')
  }
  return proxies
}

function readOrigins (text: string): boolean | string[] {
  if (text === '*') return true
  if (text === 'none') return false
  const origins = split(text)
  const isOrigin = (item: string): boolean => URL.canParse(item) && new URL(item).origin === item
  if (!origins.every(isOrigin)) throw new FlagError('*, none, or origins such as https://example.com separated by commas')
  return origins
}
