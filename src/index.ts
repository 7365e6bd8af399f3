// The plugin
export { boxPlugin, boxPlugin as default } from './plugin.js'
export type { BoxPluginOptions, Guard, Operation } from './options.js'
export type { IceOptions, RateLimitOptions } from '../generated/typescript/options.js'

// Stores
export { memoryStore } from './store/memory.js'
export { lmdbStore } from './store/lmdb.js'
export { redisStore } from './store/redis.js'
export type { Store, SharedCounter, Limits, NewMessage, Appended, Page, Unsubscribe } from './store/store.js'
