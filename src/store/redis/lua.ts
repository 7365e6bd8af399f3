import { createHash } from 'node:crypto'
import { MAX_KEYS } from '../store.js'

/* What the scripts share. */

/** A script, and the name under which Redis knows it. */
export interface Script {
  lua: string
  sha1: string
}

export function script (lua: string): Script {
  return { lua, sha1: createHash('sha1').update(lua).digest('hex') }
}

/** How long after the deadline Redis frees the space, in ms: longer than the servers' clocks differ. */
export const MARGIN = 60_000

/**
 * What a box counts against its holder in Redis, in bytes, including the holder's record of it. These
 * constants are measured: test/store/redis/cost.test.ts.
 */
export const BOX_COST = 410
/** The content of a box counts in units. The first is free, so most boxes never ask for one. */
export const UNIT = 8192
/** What a box takes in addition while it holds messages. */
const LIST_COST = 280
/** What a message takes besides its text, and what the text takes including the space that Redis cannot use. */
const MESSAGE_COST = 2
const TEXT_COST = 1.08
/** What the time of a message takes in a room. */
const TIME_COST = 15
/** An idempotency key. Redis stores a hash with few of them compactly. */
const KEY_COST = 264
const PACKED_KEY_COST = 128
const PACKED_KEYS = 60

/** Loads the box into locals, and returns `gone` if it does not exist. */
export const open = `
local now = tonumber(ARGV[1])
local box = redis.call('HMGET', KEYS[1], 't', 'd', 'n', 'b', 'h', 'g', 'e', 'k', 'p')
local ttl, deadline = tonumber(box[1]), tonumber(box[2])
if not ttl or deadline <= now then return 'gone' end
local last, bytes = tonumber(box[3] or 0), tonumber(box[4] or 0)
local count = 0
if last > 0 then count = redis.call('LLEN', KEYS[2]) end
local holder, granted, lowered, keys = box[5], tonumber(box[6] or 0), tonumber(box[7] or 0), tonumber(box[8] or 0)
local keep = tonumber(box[9])
local news = false
local function units(messages, bytes, keys)
  local cost = math.min(keys, ${MAX_KEYS}) * (keys > ${PACKED_KEYS} and ${KEY_COST} or ${PACKED_KEY_COST})
  if messages > 0 then cost = cost + ${LIST_COST} + messages * (keep and ${MESSAGE_COST + TIME_COST} or ${MESSAGE_COST}) + bytes * ${TEXT_COST} end
  return math.max(0, math.ceil(cost / ${UNIT}) - 1)
end
local function text_of(entry) return string.sub(entry, string.find(entry, ' ', 1, true) + 1) end
if keep then
  local before = count
  while count > 0 do
    local oldest = redis.call('LINDEX', KEYS[2], 0)
    if tonumber(string.match(oldest, '^%d+')) + keep > now then break end
    redis.call('LPOP', KEYS[2])
    count, bytes = count - 1, bytes - #text_of(oldest)
  end
  if count == 0 then bytes = 0 end
  if count < before then redis.call('HSET', KEYS[1], 'b', bytes) end
end
local function report() return news and holder and { holder, deadline, granted, lowered } or nil end
`

/** A write to a hash that changes nothing and needs no room. No script has a field without a name. */
export const dryWrite = (hash: string): string => `redis.call('HDEL', ${hash}, '')`

/** Gives back what was granted but is no longer needed. */
export const lower = `
if granted > 0 and units(count, bytes, keys) < granted then
  ${dryWrite('KEYS[1]')}
  granted, lowered, news = units(count, bytes, keys), lowered + 1, true
  redis.call('HSET', KEYS[1], 'g', granted, 'e', lowered)
end
`

/** In a room, which frees space with almost every use: only if it is much, since more messages will need it again. */
export const lowerRoom = `
if keep and units(count, bytes, keys) * 2 < granted then
  ${lower}
end
`

/** Renews the idle lifetime by the same rule as `renewedDeadline`. */
export const renew = `
if now + ttl - deadline > ttl / 8 then
  deadline = now + ttl
  redis.call('PEXPIRE', KEYS[1], ttl + ${MARGIN})
  if not keep then redis.call('PEXPIRE', KEYS[2], ttl + ${MARGIN}) end
  redis.call('HSET', KEYS[1], 'd', deadline)
  news = true
end
`
