import { createHash } from 'node:crypto'
import { MAX_KEYS } from './store.js'

/**
 * Every operation is one of these scripts: one round trip, one atomic step, one hash slot.
 *
 * A box is a hash, and a list from its first message on. Both names carry the drop
 * address as their hash tag, and the hash's name is also the channel of its wake-ups.
 *
 * | field of the hash | value |
 * | --- | --- |
 * | `t` | the idle lifetime, ms |
 * | `d` | the deadline, ms since the epoch, on the servers' clock |
 * | `n` | the number of the last message ever stored; absent is 0 |
 * | `b` | bytes of the texts in the list; absent is 0 |
 * | `k` | how many idempotency keys came; absent is 0 |
 * | `k:<id>` | the first result of that key: `<seq> <count> <digest>` |
 * | `r:<k % MAX_KEYS>` | the ring of the latest key ids, which says what to forget next |
 *
 * Expiry is decided against the deadline in the hash. The native expiry only frees the
 * room: it counts from the same use, on Redis's own clock, and comes `MARGIN` later.
 *
 * A refusal is answered as one word: `gone`, `full`, `cursor`, `key`.
 *
 * Under `maxmemory` Redis refuses a script at its first write that could need room, and
 * no more after a write that could not. So an append's first write is its RPUSH, which is
 * refused before anything changed; and a renewal starts with PEXPIRE, so that a full
 * Redis can still be read and emptied.
 */
export interface Script {
  lua: string
  sha1: string
}

/** How much later than the deadline Redis frees the room, ms: more than the servers' clocks differ. */
const MARGIN = 60_000

/** Loads the box into locals and answers `gone` where there is none. */
const open = `
local now = tonumber(ARGV[1])
local box = redis.call('HMGET', KEYS[1], 't', 'd', 'n', 'b')
local ttl, deadline = tonumber(box[1]), tonumber(box[2])
if not ttl or deadline <= now then return 'gone' end
local last, bytes = tonumber(box[3] or 0), tonumber(box[4] or 0)
local held = 0
if last > 0 then held = redis.call('LLEN', KEYS[2]) end
`

/** Renews the idle lifetime; the same rule as `renewedDeadline`. */
const renew = `
if now + ttl - deadline > ttl / 8 then
  deadline = now + ttl
  redis.call('PEXPIRE', KEYS[1], ttl + ${MARGIN})
  redis.call('PEXPIRE', KEYS[2], ttl + ${MARGIN})
  redis.call('HSET', KEYS[1], 'd', deadline)
end
`

/**
 * KEYS  box, messages
 * ARGV  now, ttl
 * Makes an empty box in the place of whatever was there.
 * → 1
 */
const create = script(`
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('DEL', KEYS[1], KEYS[2]) end
redis.call('HSET', KEYS[1], 't', ARGV[2], 'd', tonumber(ARGV[1]) + tonumber(ARGV[2]))
redis.call('PEXPIRE', KEYS[1], tonumber(ARGV[2]) + ${MARGIN})
return 1
`)

/**
 * KEYS  box, messages
 * ARGV  now, maxMessages, maxBoxBytes, text, bytes, key id or '', digest
 * Puts the text in as the next message and wakes who waits, unless the key came before.
 * → { seq, count } | gone | full | key
 */
const append = script(`
${open}
local id = ARGV[6]
if id ~= '' then
  local first = redis.call('HGET', KEYS[1], 'k:' .. id)
  if first then
    local seq, count, digest = string.match(first, '^(%d+) (%d+) (.*)$')
    if digest ~= ARGV[7] then return 'key' end
    ${renew}
    return { tonumber(seq), tonumber(count) }
  end
end
bytes = bytes + tonumber(ARGV[5])
if held >= tonumber(ARGV[2]) or bytes > tonumber(ARGV[3]) then return 'full' end

last = last + 1
held = redis.call('RPUSH', KEYS[2], ARGV[4])
redis.call('HSET', KEYS[1], 'n', last, 'b', bytes)
if id ~= '' then
  local came = redis.call('HINCRBY', KEYS[1], 'k', 1)
  local slot = 'r:' .. came % ${MAX_KEYS}
  if came > ${MAX_KEYS} then redis.call('HDEL', KEYS[1], 'k:' .. redis.call('HGET', KEYS[1], slot)) end
  redis.call('HSET', KEYS[1], 'k:' .. id, last .. ' ' .. held .. ' ' .. ARGV[7], slot, id)
end
${renew}
if held == 1 then redis.call('PEXPIREAT', KEYS[2], redis.call('PEXPIRETIME', KEYS[1])) end
redis.call('SPUBLISH', KEYS[1], '')
return { last, held }
`)

/**
 * KEYS  box, messages
 * ARGV  now, after, limit
 * Looks at up to limit messages after the cursor.
 * → { next, deadline, texts } | gone | cursor
 */
const read = script(`
${open}
local after = tonumber(ARGV[2])
if after > last then return 'cursor' end
${renew}
local skip = math.max(0, after - (last - held))
if skip >= held then return { after, deadline, {} } end
local texts = redis.call('LRANGE', KEYS[2], skip, skip + ARGV[3] - 1)
return { last - held + skip + #texts, deadline, texts }
`)

/**
 * KEYS  box, messages
 * ARGV  now, after
 * Forgets the messages up to and including the cursor.
 * → messages left | gone | cursor
 */
const acknowledge = script(`
${open}
local after = tonumber(ARGV[2])
if after > last then return 'cursor' end
local left = math.min(held, last - after)
if left == 0 and held > 0 then
  redis.call('DEL', KEYS[2])
  redis.call('HDEL', KEYS[1], 'b')
elseif left < held then
  for _, text in ipairs(redis.call('LPOP', KEYS[2], held - left)) do bytes = bytes - #text end
  redis.call('HSET', KEYS[1], 'b', bytes)
end
${renew}
return left
`)

/**
 * KEYS  box, messages
 * ARGV  now
 * Takes everything out.
 * → { last, deadline, texts } | gone
 */
const drain = script(`
${open}
local texts = {}
if held > 0 then
  texts = redis.call('LRANGE', KEYS[2], 0, -1)
  redis.call('DEL', KEYS[2])
  redis.call('HDEL', KEYS[1], 'b')
end
${renew}
return { last, deadline, texts }
`)

/**
 * KEYS  box, messages
 * ARGV  now
 * Removes the box and wakes who waits.
 * → 1 | gone
 */
const remove = script(`
${open}
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('SPUBLISH', KEYS[1], '')
return 1
`)

/**
 * KEYS  count
 * ARGV  window, ms
 * Adds one in the window that the first count opened.
 * → { count, ms left of the window }
 */
const increment = script(`
local current = redis.call('INCR', KEYS[1])
if current == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return { current, redis.call('PTTL', KEYS[1]) }
`)

export const scripts = { create, append, read, acknowledge, drain, remove, increment }

function script (lua: string): Script {
  return { lua, sha1: createHash('sha1').update(lua).digest('hex') }
}
