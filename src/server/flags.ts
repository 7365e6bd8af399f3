import { isIP } from 'node:net'
import { Type, type TSchema } from '@sinclair/typebox'
import { Errors } from '@sinclair/typebox/errors'
import { optionsSchema } from '../options.js'
import { parseStoreAddress, STORE_FORMAT } from './open-store.js'

/** A setting of the server: a flag and the environment variable of the same name. */
export interface Flag {
  /** `max-ttl`, which is also `MAX_TTL` */
  name: string
  /** how the help shows the value */
  placeholder: string
  description: string | undefined
  /** the default, as text for the help */
  defaultText: string
  /** the option of `boxPlugin` that it sets, as a path such as `rateLimit.creates`; absent for settings of the server itself */
  option?: string
  /** @throws FlagError that says what was expected */
  read: (text: string) => unknown
}

/** Says what was expected: `a whole number`. */
export class FlagError extends Error {}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']

const limits = optionsSchema.properties
const rates = limits.rateLimit.anyOf[1].properties
const ice = limits.ice.properties
const ConnectionCount = Type.Integer({ minimum: 1 })

/** All settings, in the order of the help. The limits come from the plugin's own schema. */
export const flags: readonly Flag[] = [
  { name: 'port', placeholder: '<number>', description: 'port to listen on; 0 picks a free one', defaultText: '8080', read: bySchema(Type.Integer({ minimum: 0, maximum: 65_535 })) },
  { name: 'host', placeholder: '<name>', description: 'address to listen on; 0.0.0.0 or :: for all', defaultText: 'localhost', read: text => text },
  { name: 'store', placeholder: '<address>', description: `where boxes are kept: ${STORE_FORMAT}`, defaultText: 'lmdb:./signalbox-data', read: readStore },
  ...numbers(limits, ''),
  { name: 'max-connections', placeholder: '<number>', description: 'open connections; fewer if the process may not open as many files', defaultText: '4096', read: bySchema(ConnectionCount) },
  { name: 'rate-limit', placeholder: '<on|off>', description: 'limits per client address (IPv6: per /64 network)', defaultText: 'on', read: oneOf('on', 'off') },
  ...numbers(rates, 'rateLimit.'),
  { name: 'rate-limit-connections', placeholder: '<number>', description: 'open connections per client address, unless it is a trusted proxy', defaultText: '256', read: bySchema(ConnectionCount) },
  { name: 'trust-proxy', placeholder: '<list>', description: 'addresses or CIDR ranges of proxies whose X-Forwarded-For is trusted', defaultText: 'none', read: readProxies },
  { name: 'cors-origin', placeholder: '<list>', description: 'origins whose pages may call the API: *, none, or a list', defaultText: '*', option: 'cors', read: readOrigins },
  { name: 'ice-urls', placeholder: '<list>', description: ice.urls.description, defaultText: 'none', option: 'ice.urls', read: listOf(ice.urls) },
  { name: 'turn-urls', placeholder: '<list>', description: ice.turnUrls.description, defaultText: 'none', option: 'ice.turnUrls', read: listOf(ice.turnUrls) },
  { name: 'turn-secret', placeholder: '<secret>', description: `${ice.turnSecret.description}; prefer the environment variable`, defaultText: 'none', option: 'ice.turnSecret', read: text => text },
  { name: 'turn-ttl', placeholder: '<number>', description: ice.ttl.description, defaultText: String(ice.ttl.default), option: 'ice.ttl', read: bySchema(ice.ttl) },
  { name: 'log-level', placeholder: '<level>', description: `one of ${LOG_LEVELS.join(', ')}`, defaultText: 'info', read: oneOf(...LOG_LEVELS) }
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
    placeholder: '<number>',
    description: schema.description,
    defaultText: String(schema['default'] ?? 'depends on the store'),
    option: parent + name,
    read: bySchema(schema)
  }))
}

/** An integer is parsed; anything else is checked against the schema as text. */
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
  if (address === undefined) throw new FlagError(STORE_FORMAT)
  return address
}

/** A number of hops is refused: Fastify would accept it and then trust any forged header. */
function readProxies (text: string): string[] {
  if (text === 'none') return []
  const proxies = split(text)
  for (const proxy of proxies) {
    const [address = '', bits, ...more] = proxy.split('/')
    const version = isIP(address)
    const fits = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
    if (version === 0 || !fits || more.length > 0) throw new FlagError('none, or a comma-separated list of IP addresses and CIDR ranges')
  }
  return proxies
}

function readOrigins (text: string): boolean | string[] {
  if (text === '*') return true
  if (text === 'none') return false
  const origins = split(text)
  const isOrigin = (item: string): boolean => URL.canParse(item) && new URL(item).origin === item
  if (!origins.every(isOrigin)) throw new FlagError('*, none, or a comma-separated list of origins such as https://example.com')
  return origins
}
