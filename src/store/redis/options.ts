import { checkOptions, isDeadline, isFunction, optional } from '../options.js'

/** Writes one line. Here and not where the connection is, whose types exist only with ioredis. */
export type Log = (level: 'info' | 'warn' | 'error', message: string) => void

/**
 * A `Redis` or `Cluster` of ioredis 6, described by the members that distinguish it from other clients: its own
 * types exist only if it is installed.
 */
export interface IoredisClient {
  readonly isCluster: boolean
  readonly status: string
  connect (): Promise<void>
  disconnect (reconnect?: boolean): void
}

/** The options of `redisStore`. */
export interface RedisStoreOptions {
  /**
   * `redis://user:password@host:port/db`, or `rediss://` for TLS; `valkey://` and `valkeys://` mean the same.
   * Several URLs (an array, or separated by commas), or a URL whose scheme ends in `+cluster`, are the nodes
   * of a Cluster. Default: `redis://localhost:6379`.
   */
  url?: string | string[] | undefined
  /**
   * An ioredis client, instead of `url`. It remains yours: closing the store leaves it open. Create a `Redis` with
   * `autoResendUnfulfilledCommands: false`, `maxRetriesPerRequest: 0` and a `socketTimeout` in ms, and a `Cluster` with
   * `retryDelayOnFailover: 0` and `redisOptions: { autoResendUnfulfilledCommands: false, socketTimeout }`. A client with
   * other settings is refused: by default, ioredis sends a command again when its connection is lost, so a message could
   * be stored twice; and it waits forever for a node that has died without closing its connection.
   */
  client?: IoredisClient | undefined
  /** The prefix of every key. Default: `signalbox:`. */
  prefix?: string | undefined
  /** How long Redis may take to reply, and how long a large page may wait for its turn before that, in ms. Default: 5,000. */
  deadline?: number | undefined
  /** Called for outages, and for settings that put boxes at risk. Default: no logging. */
  log?: ((level: 'info' | 'warn' | 'error', message: string) => void) | undefined
}

interface ResolvedRedisOptions {
  url: string | string[]
  prefix: string
  deadline: number
  log: Log
}

/** @throws TypeError that names the option, what was expected and what was received */
export function resolveRedisOptions (options: RedisStoreOptions): ResolvedRedisOptions {
  checkOptions('redisStore', options, {
    url: optional(['a URL or a list of URLs', value => [value].flat().every(url => typeof url === 'string')]),
    client: optional(['a Redis or Cluster of ioredis, without url', value => isClient(value) && options.url === undefined]),
    prefix: optional(['a string', value => typeof value === 'string']),
    deadline: isDeadline,
    log: isFunction
  })
  const { url = 'redis://localhost:6379', prefix = 'signalbox:', deadline = 5_000, log = () => {} } = options
  if (/[{}]/.test(prefix)) throw new TypeError(`prefix: expected a string without { and }, which mark the hash slot, received ${prefix}`)
  return { url, prefix, deadline, log }
}

function isClient (value: unknown): boolean {
  const { isCluster, status } = Object(value) as Partial<IoredisClient>
  return typeof isCluster === 'boolean' && typeof status === 'string'
}
