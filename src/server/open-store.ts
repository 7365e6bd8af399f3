import { isReply } from '../store/redis/connection.js'
import type { Log } from '../store/redis/options.js'
import type { Store } from '../store/store.js'

export type StoreAddress =
  | { kind: 'memory' }
  | { kind: 'lmdb', path: string }
  | { kind: 'redis', url: string }

export const STORE_FORMAT = 'memory:, lmdb:DIRECTORY, or redis://HOST:PORT (also rediss:// and valkey://)'

export function parseStoreAddress (text: string): StoreAddress | undefined {
  if (text === 'memory:') return { kind: 'memory' }
  if (/^lmdb:./.test(text)) return { kind: 'lmdb', path: text.slice('lmdb:'.length) }
  if (/^(?:redis|valkey)s?(?:\+cluster)?:\/\//.test(text)) return { kind: 'redis', url: text }
  return undefined
}

interface StoreEvents {
  log: Log
  /** Called on a failure after which only a new process can serve. */
  onFailure: (error: Error) => void
}

/**
 * Opens a store. The driver is loaded only here, so that a server starts without the drivers it does not use.
 * @throws Error that says what is wrong without repeating the address, which may contain a password
 */
export async function openStore (address: StoreAddress, { log, onFailure }: StoreEvents): Promise<Store> {
  switch (address.kind) {
    case 'memory': {
      const { memoryStore } = await import('../store/memory.js')
      return memoryStore()
    }
    case 'lmdb': {
      const { lmdbStore } = await import('../store/lmdb/lmdb-store.js')
      return await lmdbStore({ path: address.path, onFailure })
    }
    case 'redis': {
      const { redisStore } = await import('../store/redis/redis-store.js')
      const store = await redisStore({ url: address.url, log })
      try {
        await store.check()
        return store
      } catch (error) {
        await store.close()
        throw new Error(explain(error, hostsOf(address.url)), { cause: error })
      }
    }
  }
}

function explain (error: unknown, hosts: string): string {
  const { message } = (error instanceof Error && error.cause instanceof Error ? error.cause : error) as Error
  if (!isReply(error)) return `Redis at ${hosts} does not respond: ${message.replace(/\.$/, '')}. Start it or choose another --store.`
  // A reply begins with its code.
  if (/^(?:NOAUTH|WRONGPASS)\b/.test(message)) return `Redis at ${hosts} rejected the user or password.`
  return `Redis at ${hosts} replied: ${message}`
}

/** The hosts of the addresses, without credentials. */
function hostsOf (urls: string): string {
  return urls.split(',').map(url => URL.canParse(url) ? new URL(url).host : '?').join(', ')
}
