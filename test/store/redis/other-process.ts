/** Run by wakeups.test.ts in a process of its own: stores one message and goes. */
import { redisStore } from '../../../src/store/redis/redis-store.js'
import { limits, message } from '../../helpers/redis-server.js'

const [, , url, drop] = process.argv
const store = await redisStore({ url })
await store.append(drop as string, message('"from another process"'), Date.now(), limits)
await store.close()
