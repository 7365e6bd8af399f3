import type { Cluster, ClusterOptions, Redis } from 'ioredis'
import type { Logger } from '../../condition.js'
import { StoreError, StoreFullError } from '../../errors.js'
import { withDeadline } from '../with-deadline.js'
import type { Log } from './options.js'

export type RedisClient = Redis | Cluster
export type Driver = Pick<typeof import('ioredis'), 'Redis' | 'Cluster' | 'Command'>

/** The same as a logger with details, of which it logs only why something failed. */
export function loggerOf (log: Log): Logger {
  const at = (level: 'info' | 'warn' | 'error'): Logger['info'] => ({ err }, message) => {
    log(level, err === undefined ? message : `${message}: ${reasonOf(err as Error)}`)
  }
  return { info: at('info'), warn: at('warn'), error: at('error') }
}

function reasonOf ({ cause, message }: Error): string {
  return cause instanceof Error ? cause.message : message
}

export function isCluster (client: RedisClient): client is Cluster {
  return client.isCluster
}

/** The addresses of the nodes, and how to connect to them. */
interface Place {
  cluster: boolean
  nodes: { host: string, port: number }[]
  access: Access
}

interface Access {
  db: number
  username?: string
  password?: string
  tls?: object
}

/**
 * One URL is a single node. Several, or one whose scheme ends in `+cluster`, are the seed nodes of a Cluster;
 * the user, password and TLS of the first apply to all.
 */
export function parseUrls (url: string | string[]): Place {
  const urls = (Array.isArray(url) ? url : url.split(',')).map(parseUrl)
  const [first] = urls
  if (first === undefined) throw new TypeError('url: expected at least one Redis URL, received an empty list')
  const cluster = urls.length > 1 || first.cluster
  if (cluster && first.access.db !== 0) throw new TypeError('url: expected database 0, the only one in a Redis Cluster')
  return { cluster, nodes: urls.map(({ node }) => node), access: first.access }
}

function parseUrl (url: string) {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  const scheme = parsed && /^(?:redis|valkey)(s?)(\+cluster)?:$/.exec(parsed.protocol)
  // No message repeats the URL: it may contain a password.
  if (!parsed || !scheme || !parsed.hostname || !/^\/?\d{0,9}$/.test(parsed.pathname)) {
    throw new TypeError('url: expected redis://, rediss://, valkey:// or valkeys:// with user:password@host:port/db, or the same with +cluster in the scheme')
  }
  const host = parsed.hostname.replace(/^\[|\]$/g, '')
  const access: Access = { db: Number(parsed.pathname.slice(1)) }
  if (parsed.username !== '') access.username = decode(parsed.username)
  if (parsed.password !== '') access.password = decode(parsed.password)
  if (scheme[1] === 's') access.tls = {}
  return { cluster: scheme[2] !== undefined, node: { host, port: Number(parsed.port || 6379) }, access }
}

function decode (text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new TypeError('url: expected a percent sign in the user or password to be written as %25')
  }
}

/**
 * A client that never waits long and never sends a command twice: a command whose reply was lost fails, and
 * the caller knows whether it is safe to repeat. It reconnects on its own until it is closed.
 */
export function makeClient ({ Redis, Cluster }: Driver, place: Place, deadline: number): RedisClient {
  const options = {
    ...place.access,
    connectTimeout: deadline,
    // A connection that stays silent for this long after a command is dropped and re-established.
    socketTimeout: deadline,
    // How long the driver waits for a connection to end, even for one that has ended.
    disconnectTimeout: 200,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // After a failover behind a single address, we may be connected to what is now a replica.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
    // A server that is still loading says so in reply to any command; asking first needs INFO, which may be
    // forbidden.
    enableReadyCheck: false,
    // Do not announce the driver to the server: that needs another permission.
    disableClientInfo: true,
    lazyConnect: true
  }
  if (!place.cluster) {
    const [node] = place.nodes
    return new Redis({ ...options, ...node, enableOfflineQueue: false, retryStrategy: times => Math.min(times * 100, 1000) })
  }
  return new Cluster(place.nodes, {
    redisOptions: options,
    lazyConnect: true,
    clusterRetryStrategy: times => Math.min(times * 100, 1000),
    slotsRefreshTimeout: deadline,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    // Certificates name hosts, not addresses.
    ...(options.tls === undefined ? {} : { dnsLookup: (host, callback) => { callback(null, host) } })
  })
}

/**
 * @throws TypeError if the client sends a command again when its reply was lost, as ioredis does by default; or if it
 * does not, but may still retry: then it never settles such a command. Nor does a client that keeps a silent connection,
 * and what never settles takes the room of other calls.
 */
export function checkGiven (client: RedisClient): void {
  const isCareful = ({ autoResendUnfulfilledCommands, socketTimeout = 0 }: ClusterOptions['redisOptions'] = {}): boolean =>
    autoResendUnfulfilledCommands === false && socketTimeout > 0
  const refuse = (expected: string): void => {
    throw new TypeError(`redisStore: option 'client' expected ${expected}, so that no message is stored twice when a connection is lost, and a silent one is dropped`)
  }
  if (isCluster(client)) {
    if (isCareful(client.options.redisOptions) && client.options.retryDelayOnFailover === 0) return
    refuse('a Cluster with retryDelayOnFailover: 0, and with autoResendUnfulfilledCommands: false and a socketTimeout in its redisOptions')
  } else {
    if (isCareful(client.options) && client.options.maxRetriesPerRequest === 0) return
    refuse('a Redis with autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0 and a socketTimeout')
  }
}

/** Connects, or stops waiting after the deadline; the client keeps trying either way. */
export async function connect (client: RedisClient, deadline: number): Promise<void> {
  if (client.status === 'ready') return
  const connected = client.status === 'wait' ? client.connect() : new Promise<void>(resolve => { client.once('ready', resolve) })
  await withDeadline(connected, deadline).catch(() => {})
}

/**
 * The driver silently uses database 0 instead of one that does not exist. If Redis is unavailable, that cannot be
 * checked, and it may do so later.
 * @throws Error if Redis says that it does not exist; the client is then disconnected
 */
export async function checkDatabase (client: RedisClient, deadline: number): Promise<void> {
  if (isCluster(client) || client.status !== 'ready') return
  const { db = 0 } = client.options
  if (db === 0) return
  const refusal = await withDeadline(client.select(db), deadline).then(() => {}, (error: Error) => error)
  if (!refusal?.message.includes('DB index')) return
  client.disconnect()
  throw new Error(`Redis has no database ${db}. Its setting 'databases' says how many there are.`)
}

/**
 * Logs one line when the connection to Redis is lost and one when it is back.
 * @returns a function that tells why there is no connection; the driver says so only in its events
 */
export function watchConnection (client: RedisClient, log: Log): () => Error | undefined {
  let away: Error | undefined
  client.on('error', (error: Error & { lastNodeError?: Error }) => {
    // A Cluster's own error does not say why.
    const reason = error.lastNodeError ?? error
    if (away === undefined) log('error', `Redis is unavailable: ${reason.message || reason.name}`)
    away = reason
  })
  client.on('ready', () => {
    if (away !== undefined) log('info', 'Redis is available again')
    away = undefined
  })
  return () => away
}

/** Logs the server's risky settings in one line; logs nothing if they may not be read. */
export async function logRisks (client: RedisClient, log: Log): Promise<void> {
  const nodes = isCluster(client) ? client.nodes('master') : [client]
  const risks = new Set((await Promise.all(nodes.map(findRisks))).flat())
  if (risks.size > 0) log('warn', `Redis: ${[...risks].join('; ')}`)
}

async function findRisks (node: Redis): Promise<string[]> {
  const [info, config] = await Promise.all([
    node.info().catch(() => ''),
    node.config('GET', 'save').catch(() => []) as Promise<unknown>
  ])
  const value = (name: string): string | undefined => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(info)?.[1]
  const risks: string[] = []

  const version = value('redis_version')
  if (version !== undefined && Number.parseInt(version) < 7) risks.push(`version ${version} lacks sharded publish/subscribe: use Redis 7 or Valkey`)
  const policy = value('maxmemory_policy')
  if (policy !== undefined && policy !== 'noeviction') risks.push(`maxmemory-policy ${policy} evicts boxes that are in use: set noeviction`)
  const snapshots = Array.isArray(config) && config[1] !== ''
  if (value('aof_enabled') === '0') {
    risks.push(snapshots
      ? 'the append-only file is off, so a crash loses everything since the last snapshot: set appendonly yes'
      : 'persistence is off, so a restart loses every box: set appendonly yes')
  }
  return risks
}

/** Whether Redis itself replied with the error, as to a script that fails or that its user may not run. */
export function isReply (error: unknown): error is Error {
  return error instanceof Error && error.cause instanceof Error && error.cause.name === 'ReplyError'
}

/** The driver's error without its command, whose arguments are drop addresses and messages, which must not be logged. */
export function storeErrorFrom (error: unknown): Error {
  if (error instanceof StoreError) return error
  // Of a Cluster's nodes, none has responded as it should.
  if (error instanceof AggregateError) return storeErrorFrom(error.errors[0] ?? new Error('No master of the Cluster is known'))
  const { name, message } = error as Error
  const options = { cause: Object.assign(new Error(message), { name }) }
  return /\bOOM\b/.test(message) ? new StoreFullError(options) : new StoreError(options)
}
