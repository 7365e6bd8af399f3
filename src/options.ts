import { inspect } from 'node:util'
import { Type, type Static, type TObject } from '@sinclair/typebox'
import { Errors, ValueErrorType, type ValueError } from '@sinclair/typebox/errors'
import { closest, distance } from 'fastest-levenshtein'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { PlainOptions } from '../generated/typescript/options.js'
import type { Store } from './store/store.js'

const whole = (minimum: number, fallback: number, description: string, maximum = Number.MAX_SAFE_INTEGER) =>
  Type.Integer({ minimum, maximum, default: fallback, description })

const rates = Type.Object({
  creates: whole(1, 30, 'boxes created per client address and minute'),
  stores: whole(1, 600, 'messages stored per client address and minute'),
  reads: whole(1, 600, 'reads, acknowledgements, drains and deletions per client address and minute'),
  waiters: whole(1, 30, 'long-polls and streams open at once per client address'),
  boxes: whole(1, 10_000, 'boxes one client address may have at a time'),
  bytes: whole(1, 67_108_864, 'bytes the boxes of one client address may hold, counted as for maxStoreBytes')
}, { additionalProperties: false })

const ice = Type.Object({
  urls: Type.Array(Type.String({ pattern: '^stuns?:' }), { default: [], description: 'STUN servers, as stun:host:port' }),
  turnUrls: Type.Array(Type.String({ pattern: '^turns?:' }), { default: [], description: 'TURN servers, as turn:host:port?transport=udp' }),
  turnSecret: Type.Optional(Type.String({ minLength: 1, description: 'secret shared with the TURN server (static-auth-secret in coturn)' })),
  ttl: whole(60, 3600, 'lifetime of a TURN credential in seconds', 604_800)
}, { additionalProperties: false })

/** `expects` says what a union takes, which its parts would only say one by one. */
const path = (fallback: string, description: string) =>
  Type.Union([Type.Literal(false), Type.String({ pattern: '^(?:/[A-Za-z0-9._~-]+)+$' })], {
    default: fallback, description, expects: `false or a path such as ${fallback}`
  })

/** Every option that is plain data, declared once: its type, default and description. `npm run generate` makes `PlainOptions` of it. */
export const optionsSchema = Type.Object({
  ttl: whole(1, 86_400, 'default idle lifetime in seconds; maxTtl if that is shorter', 315_360_000),
  maxTtl: whole(1, 604_800, 'longest idle lifetime a creator may ask for, in seconds', 315_360_000),
  maxMessageBytes: whole(1, 65_536, 'largest message in bytes, as sent', 64 * 1024 * 1024),
  maxMessages: whole(1, 256, 'most messages in one box', 1_000_000),
  maxBoxBytes: whole(1, 1_048_576, 'most bytes of messages in one box'),
  maxStoreBytes: Type.Optional(Type.Integer({ minimum: 1, description: 'most bytes in the whole store: 256 MiB in memory, 4 GiB on disk' })),
  maxWait: whole(0, 25, 'longest a long-poll may wait, in seconds', 60),
  maxWaiters: whole(1, 8, 'long-polls and streams open at once per box'),
  heartbeat: whole(1, 15, 'seconds between comments on a quiet stream; clients treat 45 s of silence as disconnected', 3600),
  classicPath: path('/box.php', 'path of the classic API; false turns it off'),
  docs: path('/docs', 'path of Swagger UI; false turns it off'),
  hostDocs: Type.Union([Type.Boolean(), Type.String({ pattern: '^[A-Za-z][A-Za-z0-9]*$' })], {
    default: true,
    description: "whether the routes appear in the host's own OpenAPI document; a word becomes the prefix of their operationIds",
    expects: 'true, false or a word of letters and digits'
  }),
  cors: Type.Union([Type.Boolean(), Type.String({ minLength: 1 }), Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })], {
    default: true, description: 'origins whose pages may call: true for any, false for none, or a list', expects: 'true, false, an origin or a list of origins'
  }),
  rateLimit: Type.Union([Type.Boolean(), Type.Partial(rates, { additionalProperties: false })], {
    default: true, description: 'limits per client address (IPv6: per /64); false turns them off', expects: 'true, false or limits'
  }),
  ice: Type.Partial(ice, { additionalProperties: false, default: {}, description: 'STUN and TURN servers to offer to anyone who holds a box id or drop address' })
}, { additionalProperties: false })

export type RateLimits = Static<typeof rates>
export type IceOptions = Static<typeof ice>

/** What a guard is asked about, by the contract's operation ids. The classic API asks by the one it performs. */
export type Operation = 'createBox' | 'storeMessage' | 'readMessages' | 'acknowledge' | 'drainMessages' | 'deleteBox' | 'getIceServers'

/**
 * The host's say in an operation, after the rate limit and before anything is read or changed.
 * Throw an error with a `statusCode` from 400 to 499 to refuse: its `message` is what the caller
 * sees. Or answer by `reply.send`. Anything else that is thrown is a failure: it is logged, and the
 * caller sees a general 500.
 *
 * `request.params.box` (`request.query.box` in the classic API) is a capability: whoever holds it
 * can use the box. Do not log it or pass it on.
 */
export type Guard = (request: FastifyRequest, reply: FastifyReply, operation: Operation) => void | FastifyReply | Promise<void | FastifyReply>

export interface BoxPluginOptions extends PlainOptions {
  /** Where the boxes are kept; a store in memory where absent. The plugin closes it with the app. */
  store?: Store | undefined
  /** Decides on every operation before it reads or changes anything. */
  guard?: Guard | undefined
}

export interface ResolvedOptions extends Omit<Static<typeof optionsSchema>, 'rateLimit' | 'ice'> {
  rateLimit: RateLimits | false
  ice: IceOptions
  guard: Guard | undefined
}

/** What Fastify's `register` adds to a plugin's options. */
const OF_REGISTER = new Set(['prefix', 'logLevel', 'logSerializers', 'encapsulate'])

/**
 * Checks the options and fills in the defaults.
 * @throws TypeError naming the option, what was expected and what was received
 */
export function resolveOptions (input: BoxPluginOptions): ResolvedOptions {
  const { store, guard, ...rest } = input
  if (guard !== undefined && typeof guard !== 'function') throw wrong('guard', 'a function', guard)
  if (store !== undefined && typeof (store as Partial<Store> | null)?.append !== 'function') throw wrong('store', 'a Store', store)
  const data = Object.fromEntries(Object.entries(rest).filter(([name]) => !OF_REGISTER.has(name)))
  const options = withDefaults(optionsSchema, data, '')
  if (input.ttl === undefined) options.ttl = Math.min(options.ttl, options.maxTtl)
  if (options.ttl > options.maxTtl) throw wrong('ttl', `at most maxTtl (${options.maxTtl})`, options.ttl)
  keepApart(options)
  const { rateLimit } = options
  const iceOptions = withDefaults(ice, options.ice, 'ice.')
  if (iceOptions.turnUrls.length > 0 && iceOptions.turnSecret === undefined) throw wrong('ice.turnSecret', 'a secret, since there are ice.turnUrls', undefined)
  return {
    ...options,
    guard,
    ice: iceOptions,
    rateLimit: rateLimit === false ? false : withDefaults(rates, rateLimit === true ? {} : rateLimit, 'rateLimit.')
  }
}

/** What the plugin serves at addresses that no option moves. */
const OWN_PATHS = ['/boxes', '/problems', '/openapi.json', '/openapi-3.0.json']

/** @throws TypeError where a path that can be chosen is another one's, or above or below it; case does not count, as it does not in every router */
function keepApart ({ classicPath, docs }: Pick<ResolvedOptions, 'classicPath' | 'docs'>): void {
  const meet = (one: string, other: string): boolean => `${one}/`.toLowerCase().startsWith(`${other}/`.toLowerCase())
  const check = (name: string, path: string | false, others: string[]): void => {
    const met = path === false ? undefined : others.find(other => meet(path, other) || meet(other, path))
    if (met !== undefined) throw wrong(name, `a path apart from ${met}`, path)
  }
  check('classicPath', classicPath, OWN_PATHS)
  check('docs', docs, classicPath === false ? OWN_PATHS : [...OWN_PATHS, classicPath])
}

/** The caller's data are not changed, and what is undefined in them is absent. */
function withDefaults<T extends TObject> (schema: T, data: object, parent: string): Static<T> {
  const given = Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined))
  const value = { ...defaultsOf(schema), ...given }
  const error = Errors(schema, value).First()
  if (error === undefined) return value as Static<T>
  const { path, type, message, value: received, schema: { expects, properties } } = innermost(error)
  const name = parent + path.slice(1).replaceAll('/', '.')
  if (type === ValueErrorType.ObjectAdditionalProperties) throw unknown(name, Object.keys(properties))
  throw wrong(name, expects ?? message.replace(/^Expected /, ''), received)
}

function defaultsOf ({ properties }: TObject): object {
  return Object.fromEntries(Object.entries(properties).filter(([, property]) => 'default' in property).map(([name, property]) => [name, property['default']]))
}

/** Of a union's error, the one in the part that was meant: the part that got beyond the value as a whole. */
function innermost (error: ValueError): ValueError {
  const within = error.errors.map(part => part.First()).find(part => part !== undefined && part.path.length > error.path.length)
  return within === undefined ? error : innermost(within)
}

/** The options that are no plain data. */
const OBJECTS = ['store', 'guard']

/** How many letters may be wrong in a name for another to be suggested. */
const SLIPS = 2

function unknown (path: string, siblings: string[]): TypeError {
  const outer = path.slice(0, path.lastIndexOf('.') + 1)
  const name = path.slice(outer.length)
  const nearest = closest(name, outer === '' ? [...siblings, ...OBJECTS] : siblings)
  const hint = distance(name.toLowerCase(), nearest.toLowerCase()) <= SLIPS ? `, did you mean '${outer}${nearest}'?` : ''
  return new TypeError(`boxPlugin: unknown option '${path}'${hint}`)
}

function wrong (name: string, expected: string, received: unknown): TypeError {
  const shown = name.endsWith('Secret') ? `a secret of type ${typeof received}` : inspect(received, { depth: 1, breakLength: Infinity, maxStringLength: 100 })
  return new TypeError(`boxPlugin: option '${name}' expected ${expected}, received ${shown}`)
}
