import { isIP } from 'node:net'
import { Type, type Static, type TSchema } from '@sinclair/typebox'
import { Errors } from '@sinclair/typebox/errors'
import { expectation } from '../expectation.js'
import { optionsSchema, ratesSchema } from '../options.js'
import { parseUrls } from '../store/redis/connection.js'
import { parseStoreAddress, STORE_FORMAT, type StoreAddress } from './open-store.js'

/** A setting of the server: a flag and the environment variable of the same name. */
export interface Flag<T = unknown> {
  /** `max-ttl`, which is also `MAX_TTL` */
  name: string
  /** how the help shows the value */
  placeholder: string
  description: string
  /** the default, as text for the help */
  defaultText: string
  /** the option of `boxPlugin` that it sets, as a path such as `rateLimit.creates`; absent for settings of the server itself */
  option?: string
  /** @throws FlagError that says what was expected */
  read: (text: string) => T
}

/** Says what was expected: `a whole number`. */
export class FlagError extends Error {}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']

const { properties: limits } = optionsSchema
const { properties: ice } = limits.ice
const ConnectionCount = Type.Integer({ minimum: 1 })

const setting = <T>(name: string, placeholder: string, description: string, defaultText: string, read: (text: string) => T): Flag<T> =>
  ({ name, placeholder, description, defaultText, read })

/** The settings of the server itself. */
export const settings = {
  port: setting('port', '<number>', 'port to listen on; 0 picks a free one', '8080', bySchema(Type.Integer({ minimum: 0, maximum: 65_535 }))),
  host: setting('host', '<name>', 'address to listen on; 0.0.0.0 or :: for all', 'localhost', text => text),
  tlsCert: setting('tls-cert', '<file>', 'certificate chain in PEM, to serve HTTPS; read again when it changes; requires --tls-key', 'none', readFileName),
  tlsKey: setting('tls-key', '<file>', 'private key of the certificate, in PEM', 'none', readFileName),
  store: setting('store', '<address>', `where boxes are kept: ${STORE_FORMAT}`, 'lmdb:./signalbox-data', readStore),
  maxConnections: setting('max-connections', '<number>', 'maximum number of open connections; fewer if the process may not open that many files', '4096', bySchema(ConnectionCount)),
  rateLimit: setting('rate-limit', '<on|off>', 'limits per client address (IPv6: per /64 network)', 'on', oneOf('on', 'off')),
  connectionsPerAddress: setting('rate-limit-connections', '<number>', 'maximum number of open connections per client address, unless it is a trusted proxy', '256', bySchema(ConnectionCount)),
  peerjs: setting('peerjs', '<path>', 'path at which clients of PeerJS are served, such as /peerjs', 'none', readEndpoint),
  yWebrtc: setting('y-webrtc', '<path>', 'path at which clients of y-webrtc are served, such as /y-webrtc', 'none', readEndpoint),
  trustProxy: setting('trust-proxy', '<list>', 'addresses or CIDR ranges of proxies whose X-Forwarded-For is trusted', 'none', readProxies),
  logLevel: setting('log-level', '<level>', `one of ${LOG_LEVELS.join(', ')}`, 'info', oneOf(...LOG_LEVELS))
}

/** All settings, in the order of the help. The limits come from the plugin's own schema. */
export const flags: readonly Flag[] = sayFlags([
  settings.port,
  settings.host,
  settings.tlsCert,
  settings.tlsKey,
  settings.store,
  ...numbers(limits, ''),
  settings.maxConnections,
  settings.rateLimit,
  ...numbers(ratesSchema.properties, 'rateLimit.'),
  settings.connectionsPerAddress,
  settings.trustProxy,
  settings.peerjs,
  settings.yWebrtc,
  { ...setting('cors-origin', '<list>', 'origins whose pages may call the API: *, none, or a list', '*', readOrigins), option: 'cors' },
  { ...setting('ice-urls', '<list>', textOf(ice.urls), 'none', listOf(ice.urls)), option: 'ice.urls' },
  { ...setting('turn-urls', '<list>', textOf(ice.turnUrls), 'none', listOf(ice.turnUrls)), option: 'ice.turnUrls' },
  { ...setting('turn-secret', '<secret>', `${textOf(ice.turnSecret)}; prefer the environment variable`, 'none', text => text), option: 'ice.turnSecret' },
  { ...setting('turn-ttl', '<number>', textOf(ice.ttl), String(ice.ttl.default), bySchema(ice.ttl)), option: 'ice.ttl' },
  settings.logLevel
])

/** Where a description of the plugin's names another option, the help names its flag. */
function sayFlags (flags: Flag[]): Flag[] {
  const names = new Map(flags.map(({ name, option = '' }) => [option.slice(option.lastIndexOf('.') + 1), `--${name}`]))
  return flags.map(flag => ({ ...flag, description: flag.description.replace(/\b[a-z]+[A-Z]\w*/g, word => names.get(word) ?? word) }))
}

function textOf ({ description = '' }: TSchema): string {
  return description
}

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
    description: textOf(schema),
    defaultText: String(schema['default'] ?? 'depends on the store'),
    option: parent + name,
    read: bySchema(schema)
  }))
}

/** An integer is parsed; anything else is checked against the schema as text. */
function bySchema<T extends TSchema> (schema: T): (text: string) => Static<T> {
  return text => checked(schema, /^-?\d+$/.test(text) ? Number(text) : text)
}

function listOf<T extends TSchema> (schema: T): (text: string) => Static<T> {
  return text => checked(schema, split(text))
}

function checked<T extends TSchema> (schema: T, value: unknown): Static<T> {
  const error = Errors(schema, value).First()
  if (error === undefined) return value
  throw new FlagError(expectation(error))
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

function readFileName (text: string): string | undefined {
  return text === 'none' ? undefined : text
}

function readStore (text: string): StoreAddress {
  const address = parseStoreAddress(text)
  if (address === undefined) throw new FlagError(STORE_FORMAT)
  if (address.kind === 'redis') checkUrls(address.url)
  return address
}

/** The store checks them too, but does not know the name of the flag. */
function checkUrls (urls: string): void {
  try {
    parseUrls(urls)
  } catch (error) {
    throw new FlagError((error as Error).message.replace('url: expected ', ''))
  }
}

/** What is served already, at these paths and below. */
const TAKEN = ['/boxes', '/streams', '/problems', '/docs', '/openapi.json', '/openapi-3.0.json', '/box.php', '/health', '/metrics']

function readEndpoint (text: string): string | false {
  if (text === 'none') return false
  const isTaken = TAKEN.some(path => `${text}/`.toLowerCase().startsWith(`${path}/`))
  if (isTaken || !/^(?:\/[A-Za-z0-9._~-]+)+$/.test(text)) throw new FlagError('none, or a path such as /signaling at which nothing else is served')
  return text
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
