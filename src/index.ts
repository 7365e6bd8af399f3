/**
 * The Fastify plugin and its stores.
 *
 * @module fastify-signalbox
 */

// The plugin
export { boxPlugin, boxPlugin as default } from './plugin.js'
export type { BoxPluginOptions, Guard, Operation } from './options.js'
export type { IceOptions, RateLimitOptions } from '../generated/typescript/options.js'

// The boxes, for the host's own code
export type { Boxes, BoxMessage, BoxMessages, BoxSettings, CreatedBox, OpenedBox } from './host/boxes.js'
export type { BoxEvents, CreatedEvent, GoneEvent, StoredEvent } from './box/events.js'

// Stores
export { memoryStore } from './store/memory.js'
export { lmdbStore } from './store/lmdb/lmdb-store.js'
export type { LmdbStoreOptions } from './store/lmdb/options.js'
export { redisStore } from './store/redis/redis-store.js'
export type { RedisStoreOptions } from './store/redis/options.js'
export type { Store, SharedCounter, Limits, Held, NewMessage, Appended, Opened, Page, Drained, Unsubscribe } from './store/store.js'

// Writing a store
export { MAX_KEYS } from './store/store.js'
export { isExpired, renewedDeadline } from './store/lifetime.js'
export {
  BusyError, CursorError, FullError, HeldError, IdempotencyError, NotFoundError, StoreError, StoreFullError,
  errorTable, type BoxError, type BoxErrorCode, type BoxErrorConstructor
} from './errors.js'
