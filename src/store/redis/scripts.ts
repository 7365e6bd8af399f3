import { lower, lowerRoom, MARGIN, open, renew, script } from './lua.js'
import { MAX_KEYS } from '../store.js'

/*
 * Every operation is one of these scripts: one atomic step, in one hash slot. It takes one round trip, unless the
 * reply says that another is needed: with a grant from the holder's record, or with room for a larger reply.
 *
 * A box is a hash and, from its first message on, a list. Both keys have the drop address as
 * their hash tag, and the hash's key is also the name of the channel of its wake-ups.
 *
 * | field of the hash | value |
 * | --- | --- |
 * | `t` | the idle lifetime, in ms |
 * | `d` | the deadline, in ms since the epoch, on the servers' clock |
 * | `n` | the sequence number of the last message ever stored; absent means 0 |
 * | `b` | the size of the texts in the list, in bytes; absent means 0 |
 * | `k` | how many idempotency keys it has ever received; absent means 0 |
 * | `h` | the holder; absent if there is none |
 * | `g` | the units granted by the holder's record (see holders.ts); absent means 0 |
 * | `p` | for how long a room keeps a message, in ms; absent in any other box |
 * | `e` | grows by 1 whenever `g` is lowered, beginning with the time when the box was created, in ms since the epoch; absent if there is no holder |
 * | `k:<id>` | the first result of that key: `<seq> <count> <digest>` |
 * | `r:<k % MAX_KEYS>` | the ring of the latest key ids, which tells which key to forget next |
 *
 * In a room, each entry of the list is `<time> <text>`, with the time when it was appended. Every script begins by
 * removing what has expired.
 *
 * Boxes under one address differ in `e`: a later one has more. So neither a grant to an earlier one nor a late report
 * about it is taken for one of the box that is there now.
 *
 * Expiry depends on the deadline in the hash. Redis's own expiry only frees the space: it
 * counts from the same use, on Redis's clock, and comes `MARGIN` later. A list never outlives its hash, or it would
 * meet the next box under the same address; that of a room usually goes earlier, when its last message has expired.
 *
 * A refusal is returned as a single word: `gone`, `full`, `cursor` or `key`. If the holder's
 * record must be told of a new deadline or a lower grant, the last member of a reply is
 * `{ holder, deadline, units, lowered }`.
 *
 * Under `maxmemory`, Redis refuses a script at its first write if that could need room, and never after a write
 * that could not. So an append's first write is its RPUSH, which is refused before anything has changed. (In a
 * room, expired messages are removed before it; it may then take what they have freed.) A renewal starts with
 * PEXPIRE, and a script that frees space starts with a write that changes nothing, so that a full Redis can still
 * be read and emptied.
 */

/** What `create` does with an existing box: replace it or leave it. */
export const CREATE = 'create'
export const OPEN = 'open'

/**
 * KEYS  box, messages
 * ARGV  now, ttl, holder or '', `CREATE` or `OPEN`, keep or '', lowered on the holder's record
 * Creates an empty box, replacing anything that was there; with `OPEN`, an existing box stays as it is. Clocks differ, so
 * lowerings are counted from beyond those of any earlier box under this address that is known.
 * → { 1, lowered, the holder of a box that was there } | { 0, the holder of the existing box }
 */
const create = script(`
local now = tonumber(ARGV[1])
local before = redis.call('HMGET', KEYS[1], 'h', 'd', 'e')
local exists = before[2] and tonumber(before[2]) > now
if exists and ARGV[4] == '${OPEN}' then return { 0, before[1] or nil } end
if redis.call('EXISTS', KEYS[1], KEYS[2]) > 0 then redis.call('DEL', KEYS[1], KEYS[2]) end
redis.call('HSET', KEYS[1], 't', ARGV[2], 'd', now + tonumber(ARGV[2]))
local lowered = math.max(now, tonumber(before[3] or 0) + 1, tonumber(ARGV[6]) + 1)
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'h', ARGV[3], 'e', lowered) end
if ARGV[5] ~= '' then redis.call('HSET', KEYS[1], 'p', ARGV[5]) end
redis.call('PEXPIRE', KEYS[1], tonumber(ARGV[2]) + ${MARGIN})
return { 1, lowered, before[1] or nil }
`)

/**
 * KEYS  box, messages
 * ARGV  now, maxMessages, maxBoxBytes, text, bytes, key id or '', digest, units granted or -1 for no bounds,
 *       lowered on the holder's record, `e` when they were requested
 * Appends the text as the next message and wakes the subscribers, unless the key is known. If
 * the box needs more units than it has, nothing changes and the reply says how many. A grant is
 * valid only for the box that requested it, and only if that has not been lowered since. If the record has been lowered
 * more often than the box, by a late report about an earlier one whose server's clock was ahead, the box goes on from there.
 * → { seq, count, report } | { 'grant', e, holder, deadline, units, lowered } | gone | full | key
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
    return { tonumber(seq), tonumber(count), report() }
  end
end
local size, most, largest = tonumber(ARGV[5]), tonumber(ARGV[2]), tonumber(ARGV[3])
local going, gone = 0, 0
if keep and size <= largest then
  while going < count and (count - going >= most or bytes - gone + size > largest) do
    gone = gone + #text_of(redis.call('LINDEX', KEYS[2], going))
    going = going + 1
  end
end
count, bytes = count - going, bytes - gone + size
if count >= most or bytes > largest then return 'full' end

local offered = tonumber(ARGV[8])
local own = lowered
local raised = holder and own == tonumber(ARGV[10]) and offered > granted
local behind = lowered < tonumber(ARGV[9])
if behind then lowered = tonumber(ARGV[9]) end
if holder and offered >= 0 then
  local needed = units(count + 1, bytes, id == '' and keys or keys + 1)
  if needed > (raised and offered or granted) then return { 'grant', own, holder, deadline, needed, lowered } end
end

last = last + 1
count = redis.call('RPUSH', KEYS[2], keep and ARGV[1] .. ' ' .. ARGV[4] or ARGV[4]) - going
if going > 0 then redis.call('LPOP', KEYS[2], going) end
redis.call('HSET', KEYS[1], 'n', last, 'b', bytes)
if behind then redis.call('HSET', KEYS[1], 'e', lowered) end
if raised then
  granted = offered
  redis.call('HSET', KEYS[1], 'g', granted)
end
if id ~= '' then
  local came = redis.call('HINCRBY', KEYS[1], 'k', 1)
  local slot = 'r:' .. came % ${MAX_KEYS}
  if came > ${MAX_KEYS} then redis.call('HDEL', KEYS[1], 'k:' .. redis.call('HGET', KEYS[1], slot)) end
  redis.call('HSET', KEYS[1], 'k:' .. id, last .. ' ' .. count .. ' ' .. ARGV[7], slot, id)
end
if id ~= '' then keys = keys + 1 end
${lowerRoom}
${renew}
local left = redis.call('PTTL', KEYS[1])
if keep then
  local needed = keep + ${MARGIN}
  if left < needed then redis.call('PEXPIRE', KEYS[1], needed) end
  redis.call('PEXPIRE', KEYS[2], needed)
elseif count == 1 then
  redis.call('PEXPIRE', KEYS[2], left)
end
redis.call('SPUBLISH', KEYS[1], '')
return { last, count, report() }
`)

/**
 * KEYS  box, messages
 * ARGV  now, after, limit, largest size
 * Reads up to limit messages after the cursor; none if it is 0, or if they are larger.
 * → { next, deadline, texts, keep or 0, report } | { 'needs', size, report } | gone | cursor
 */
const read = script(`
${open}
local after = tonumber(ARGV[2])
if after > last then return 'cursor' end
${lowerRoom}
${renew}
local skip, limit = math.max(0, after - (last - count)), tonumber(ARGV[3])
if skip >= count or limit == 0 then return { after, deadline, {}, keep or 0, report() } end
local most = tonumber(ARGV[4])
if bytes > most and skip == 0 and limit >= count then return { 'needs', bytes, report() } end
local texts = redis.call('LRANGE', KEYS[2], skip, skip + limit - 1)
if bytes > most then
  local size = 0
  for _, text in ipairs(texts) do size = size + #text end
  if size > most then return { 'needs', size, report() } end
end
if keep then
  for i, entry in ipairs(texts) do texts[i] = text_of(entry) end
end
return { last - count + skip + #texts, deadline, texts, keep or 0, report() }
`)

/**
 * KEYS  box, messages
 * ARGV  now, after
 * Deletes the messages up to and including the cursor.
 * → { messages left, report } | gone | cursor
 */
const acknowledge = script(`
${open}
local after = tonumber(ARGV[2])
if after > last then return 'cursor' end
local left = math.min(count, last - after)
if left == 0 and count > 0 then
  redis.call('DEL', KEYS[2])
  redis.call('HDEL', KEYS[1], 'b')
  bytes = 0
elseif left < count then
  for _, text in ipairs(redis.call('LPOP', KEYS[2], count - left)) do bytes = bytes - #(keep and text_of(text) or text) end
  redis.call('HSET', KEYS[1], 'b', bytes)
end
count = left
${lower}
${renew}
return { left, report() }
`)

/**
 * KEYS  box, messages
 * ARGV  now, largest size or ''
 * Takes all messages out, or none if they are larger.
 * → { last, deadline, texts, keep or 0, report } | { 'needs', size, report } | gone
 */
const drain = script(`
${open}
local texts, size = {}, bytes + count
if size > (tonumber(ARGV[2]) or size) then
  ${renew}
  return { 'needs', size, report() }
end
if count > 0 then
  texts = redis.call('LRANGE', KEYS[2], 0, -1)
  if keep then
    for i, entry in ipairs(texts) do texts[i] = text_of(entry) end
  end
  redis.call('DEL', KEYS[2])
  redis.call('HDEL', KEYS[1], 'b')
end
count, bytes = 0, 0
${lower}
${renew}
return { last, deadline, texts, keep or 0, report() }
`)

/**
 * KEYS  box, messages
 * ARGV  now
 * Deletes the box and wakes its subscribers.
 * → { holder or null, deadline, lowered } | gone
 */
const remove = script(`
${open}
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('SPUBLISH', KEYS[1], '')
return { holder, deadline, lowered }
`)

/**
 * KEYS  count
 * ARGV  window, ms
 * Adds one in the window that the first count started.
 * → { count, ms left of the window }
 */
const increment = script(`
local current = redis.call('INCR', KEYS[1])
if current == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return { current, redis.call('PTTL', KEYS[1]) }
`)

export const scripts = { create, append, read, acknowledge, drain, remove, increment }
