import { inspect } from 'node:util'
import { Type, type Static, type TObject } from '@sinclair/typebox'
import { Errors, ValueErrorType, type ValueError } from '@sinclair/typebox/errors'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { PlainOptions } from '../generated/typescript/options.js'
import { expectation } from './expectation.js'
import { nearest } from './nearest.js'
import type { Store } from './store/store.js'

// `expects` says what a union or a pattern accepts; without it, an error message would show the pattern, or one part.

const integer = (minimum: number, fallback: number, description: string, maximum = Number.MAX_SAFE_INTEGER) =>
  Type.Integer({ minimum, maximum, default: fallback, description })

/** The limits of the option `rateLimit`. */
export const ratesSchema = Type.Object({
  creates: integer(1, 30, 'boxes created per minute by one client address, whether by createBox or by openBox'),
  stores: integer(1, 600, 'messages stored per minute by one client address'),
  reads: integer(1, 600, 'openings, reads, acknowledgements, drains and deletions per minute by one client address'),
  files: integer(1, 600, 'other requests per minute by one client address: for the contract, Swagger UI and problem pages, and the call page and metrics of the standalone server'),
  waiters: integer(1, 30, 'long-polls and streams that one client address may have open at a time'),
  boxes: integer(1, 10_000, 'boxes that one client address may have at a time'),
  bytes: integer(1, 67_108_864, 'maximum total size of the boxes of one client address, in bytes, counted as for maxStoreBytes')
}, { additionalProperties: false })

const ice = Type.Object({
  urls: Type.Array(Type.String({ pattern: '^stuns?:', expects: 'a STUN URL such as stun:host:port' }), { default: [], description: 'STUN servers, such as stun:host:port' }),
  turnUrls: Type.Array(Type.String({ pattern: '^turns?:', expects: 'a TURN URL such as turn:host:port?transport=udp' }), { default: [], description: 'TURN servers, such as turn:host:port?transport=udp' }),
  turnSecret: Type.Optional(Type.String({ minLength: 1, description: 'secret shared with the TURN server (coturn: static-auth-secret); required with turnUrls' })),
  ttl: integer(60, 3600, 'lifetime of TURN credentials, in seconds', 604_800)
}, { additionalProperties: false })

const ORIGIN = '^[a-z][a-z0-9+.-]*://[^/?#\\s]+$'
const origin = Type.String({ pattern: ORIGIN, expects: 'an origin such as https://example.org' })

const path = (fallback: string, description: string) =>
  Type.Union([Type.Literal(false), Type.String({ pattern: '^(?:/[A-Za-z0-9._~-]+)+$' })], {
    default: fallback, description, expects: `false or a path such as ${fallback}`
  })

/**
 * All options that are plain data, declared once with type, default and description. `npm run generate`
 * derives `PlainOptions` from them.
 */
export const optionsSchema = Type.Object({
  ttl: integer(1, 86_400, 'default idle lifetime of a box, in seconds; maxTtl if that is shorter', 315_360_000),
  maxTtl: integer(1, 604_800, 'longest idle lifetime that a client may request, in seconds', 315_360_000),
  maxMessageBytes: integer(1, 65_536, 'maximum size of a message, in bytes as sent; maxBoxBytes if that is smaller', 64 * 1024 * 1024),
  maxMessages: integer(1, 256, 'maximum number of messages in a box', 1_000_000),
  maxBoxBytes: integer(1, 1_048_576, 'maximum total size of the messages in a box, in bytes'),
  maxStoreBytes: Type.Optional(Type.Integer({ minimum: 1, description: 'maximum size of the store, in bytes: by default 256 MiB in memory and 4 GiB on disk; no effect with Redis' })),
  maxWait: integer(0, 25, 'longest time that a long-poll waits, in seconds', 60),
  maxWaiters: integer(1, 8, 'long-polls and streams that a box may have open at a time'),
  maxRoomWaiters: integer(1, 64, 'long-polls and streams that a room may have open at a time'),
  maxStreamBoxes: integer(1, 64, 'boxes that one stream may follow', 1024),
  heartbeat: integer(1, 15, 'interval between comments on an idle stream, in seconds; clients treat 45 s of silence as a lost connection', 3600),
  classicPath: path('/box.php', 'path of the classic API; false disables it'),
  docs: path('/docs', 'path of Swagger UI; false disables it'),
  hostDocs: Type.Union([Type.Boolean(), Type.String({ pattern: '^[A-Za-z][A-Za-z0-9]*$' })], {
    default: true,
    description: "whether the routes appear in the host application's OpenAPI document; a word becomes the prefix of their operationIds",
    expects: 'true, false or a word of letters and digits'
  }),
  decorator: Type.String({
    pattern: '^[A-Za-z_$][\\w$]*$',
    default: 'signalbox',
    description: "property of the Fastify instance by which the host's own code uses the boxes",
    expects: 'the name of a property, such as signalbox'
  }),
  cors: Type.Union([Type.Boolean(), Type.String({ pattern: `^\\*$|${ORIGIN}` }), Type.Array(origin, { minItems: 1 })], {
    default: true, description: 'origins whose pages may call the API: true for any, false for none, or a list', expects: 'true, false, an origin such as https://example.org, or a list of origins'
  }),
  rateLimit: Type.Union([Type.Boolean(), Type.Partial(ratesSchema, { additionalProperties: false })], {
    default: true, description: 'limits per client address (IPv6: per /64 network); false disables them', expects: 'true, false or limits'
  }),
  ice: Type.Partial(ice, { additionalProperties: false, default: {}, description: 'STUN and TURN servers offered to anyone who holds a box id or drop address' })
}, { additionalProperties: false })

export type RateLimits = Static<typeof ratesSchema>
/** The option `ice`, with its defaults. */
export type ResolvedIce = Static<typeof ice>

/**
 * The operation that a guard decides on, by its operationId in the contract. A request to the classic API has
 * the operation it performs. For `streamBoxes`, the guard is called for each box of the list.
 */
export type Operation = 'createBox' | 'openBox' | 'storeMessage' | 'readMessages' | 'streamBoxes' | 'acknowledge' | 'drainMessages' | 'deleteBox' | 'getIceServers'

/**
 * Decides on an operation, after the rate limit and before anything is read or changed. To refuse, throw an
 * error with a `statusCode` from 400 to 499; its `message` is shown to the caller. Or respond yourself with
 * `reply.send`. Any other error counts as a failure: it is logged, and the caller gets a generic 500. (Returning `false`
 * refuses with 403, since guards of other libraries use it to mean no.)
 *
 * `request.params.box` (`request.query.box` in the classic API) is a capability: whoever holds it can use the
 * box. Do not log it or pass it on.
 */
export type Guard = (request: FastifyRequest, reply: FastifyReply, operation: Operation) => void | FastifyReply | Promise<void | FastifyReply>

/** The options of `boxPlugin`. */
export interface BoxPluginOptions extends PlainOptions {
  /** Where boxes are kept. Default: a new `memoryStore()`. The plugin closes the store with the app. */
  store?: Store | undefined
  /** Decides on every operation before it reads or changes anything. */
  guard?: Guard | undefined
}

export interface ResolvedOptions extends Omit<Static<typeof optionsSchema>, 'rateLimit' | 'ice'> {
  rateLimit: RateLimits | false
  ice: ResolvedIce
  guard: Guard | undefined
}

/** Options that Fastify's `register` itself accepts. */
const REGISTER_OPTIONS = new Set(['prefix', 'logLevel', 'logSerializers', 'encapsulate'])

/** A secret is not repeated. */
function shownAs (option: string, received: unknown): string {
  if (received === undefined) return 'nothing'
  if (option.endsWith('Secret')) return `a secret of type ${typeof received}`
  return inspect(received, { depth: 1, breakLength: Infinity, maxStringLength: 100 })
}

/** An option has a value that it cannot have. */
export class OptionError extends TypeError {
  /** the option's path, such as `rateLimit.creates` */
  readonly option: string
  /** what was received, in a form that can be shown */
  readonly received: string
  readonly #expected: Expectation

  constructor (option: string, expected: Expectation, received: unknown) {
    const shown = shownAs(option, received)
    super(`boxPlugin: option '${option}' expected ${said(expected, name => name)}, received ${shown}`)
    this.option = option
    this.received = shown
    this.#expected = expected
  }

  /** @param nameOf how the caller calls an option */
  expected (nameOf: (option: string) => string): string {
    return said(this.#expected, nameOf)
  }
}

/** What an option accepts, in words; a function if they name another option. */
type Expectation = string | ((nameOf: (option: string) => string) => string)

function said (expected: Expectation, nameOf: (option: string) => string): string {
  return typeof expected === 'string' ? expected : expected(nameOf)
}

/**
 * Checks the options and fills in the defaults.
 * @throws OptionError, or a TypeError for an option that does not exist
 */
export function resolveOptions (input: BoxPluginOptions): ResolvedOptions {
  const { store, guard, ...rest } = input
  if (guard !== undefined && typeof guard !== 'function') throw new OptionError('guard', 'a function', guard)
  if (store !== undefined && typeof (store as Partial<Store> | null)?.append !== 'function') throw new OptionError('store', 'a Store', store)
  const data = Object.fromEntries(Object.entries(rest).filter(([name]) => !REGISTER_OPTIONS.has(name)))
  const options = withDefaults(optionsSchema, data, '')
  if (input.ttl === undefined) options.ttl = Math.min(options.ttl, options.maxTtl)
  if (options.ttl > options.maxTtl) throw new OptionError('ttl', nameOf => `at most ${nameOf('maxTtl')} (${options.maxTtl})`, options.ttl)
  // Otherwise the box would always be too full for the message.
  if (input.maxMessageBytes === undefined) options.maxMessageBytes = Math.min(options.maxMessageBytes, options.maxBoxBytes)
  if (options.maxMessageBytes > options.maxBoxBytes) {
    throw new OptionError('maxMessageBytes', nameOf => `at most ${nameOf('maxBoxBytes')} (${options.maxBoxBytes})`, options.maxMessageBytes)
  }
  checkPaths(options)
  const { rateLimit } = options
  const iceOptions = withDefaults(ice, options.ice, 'ice.')
  if (iceOptions.turnUrls.length > 0 && iceOptions.turnSecret === undefined) {
    throw new OptionError('ice.turnSecret', nameOf => `a secret, because ${nameOf('ice.turnUrls')} is set`, undefined)
  }
  return {
    ...options,
    guard,
    ice: iceOptions,
    rateLimit: rateLimit === false ? false : withDefaults(ratesSchema, rateLimit === true ? {} : rateLimit, 'rateLimit.')
  }
}

/** The paths that the plugin always serves. */
const OWN_PATHS = ['/boxes', '/streams', '/problems', '/openapi.json', '/openapi-3.0.json']

/**
 * @throws TypeError if a configurable path equals, contains or lies below another one. The comparison ignores
 * case, as some routers do.
 */
function checkPaths ({ classicPath, docs }: Pick<ResolvedOptions, 'classicPath' | 'docs'>): void {
  const overlap = (one: string, other: string): boolean => `${one}/`.toLowerCase().startsWith(`${other}/`.toLowerCase())
  const check = (name: string, path: string | false, others: string[]): void => {
    const other = path === false ? undefined : others.find(other => overlap(path, other) || overlap(other, path))
    if (other !== undefined) throw new OptionError(name, `a path that does not overlap ${other}`, path)
  }
  check('classicPath', classicPath, OWN_PATHS)
  check('docs', docs, classicPath === false ? OWN_PATHS : [...OWN_PATHS, classicPath])
}

/** Does not change the caller's object; undefined members count as absent. */
function withDefaults<T extends TObject> (schema: T, data: object, parent: string): Static<T> {
  const given = Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined))
  const value = { ...defaultsOf(schema), ...given }
  const error = Errors(schema, value).First()
  if (error === undefined) return value as Static<T>
  const inner = innermost(error)
  const { path, type, value: received, schema: { properties } } = inner
  const name = parent + path.slice(1).replaceAll('/', '.')
  if (type === ValueErrorType.ObjectAdditionalProperties) throw unknownOption(name, Object.keys(properties))
  throw new OptionError(name, expectation(inner), received)
}

function defaultsOf ({ properties }: TObject): object {
  return Object.fromEntries(Object.entries(properties).filter(([, property]) => 'default' in property).map(([name, property]) => [name, property['default']]))
}

/** Of a union's errors, the one from the branch that was meant: the branch whose error lies inside the value. */
function innermost (error: ValueError): ValueError {
  const within = error.errors.map(part => part.First()).find(part => part !== undefined && part.path.length > error.path.length)
  return within === undefined ? error : innermost(within)
}

/** The options that are not plain data. */
const NON_DATA_OPTIONS = ['store', 'guard']

function unknownOption (path: string, siblings: string[]): TypeError {
  const outer = path.slice(0, path.lastIndexOf('.') + 1)
  const other = nearest(path.slice(outer.length), outer === '' ? [...siblings, ...NON_DATA_OPTIONS, ...REGISTER_OPTIONS] : siblings)
  return new TypeError(`boxPlugin: unknown option '${path}'${other === undefined ? '' : `. Did you mean '${outer}${other}'?`}`)
}
