import { Condition } from '../../condition.js'
import { HeldError } from '../../errors.js'
import { isReply, loggerOf } from './connection.js'
import type { Log } from './options.js'
import { BOX_COST, dryWrite, MARGIN, script, UNIT, type Script } from './lua.js'
import type { Held } from '../store.js'

/**
 * What each holder holds. A holder's record is in a hash slot of its own, so a box's script cannot
 * read it. A box is recorded before it is created, and requests more units before it uses them;
 * it reports afterwards what it gives back. So while Redis responds in time, the record never shows
 * less than is held. A step that does not is left out, and the box's next report makes up for it. A box whose
 * creation fails is forgotten, even if only the reply was lost: nobody knows its address, unless a client
 * chose its id, and then its next report makes up for it as well. If a process dies between the two steps, the
 * record shows too much until the box's next report or its expiry.
 *
 * | key | value |
 * | --- | --- |
 * | `held:{<holder>}` | sorted set: the holder's boxes by deadline |
 * | `held:{<holder>}:units` | hash: `<units> <lowered>` of the boxes that ever had units, and their `sum` |
 *
 * `lowered` is how often the box has given units back, counted from when it was created. It orders the reports, so that
 * a late one is recognized, even if it is about an earlier box under the same address.
 */
export type Report = [holder: string, deadline: number, units: number, lowered: number]

export type OnRecord = [units: number, lowered: number]

export const NOTHING: OnRecord = [0, 0]

export type Run = <T>(script: Script, keys: string[], args: (string | number)[]) => Promise<T>

const ANY = { deadline: Number.MAX_SAFE_INTEGER, lowered: Number.MAX_SAFE_INTEGER }

const UNBOUNDED: Held = { boxes: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER }

export class Holders {
  readonly #run: Run
  readonly #prefix: string
  readonly #away: Condition
  readonly #refused: Condition

  /** @param run runs a script within a time that is worth waiting for */
  constructor (run: Run, prefix: string, log: Log) {
    this.#run = run
    this.#prefix = prefix
    const logger = loggerOf(log)
    this.#away = new Condition(logger, {
      level: 'error',
      begins: 'Redis does not respond in time about what a client address holds, so its limits are not enforced',
      ends: 'Redis responds again about what a client address holds,'
    })
    this.#refused = new Condition(logger, {
      level: 'error',
      begins: 'Redis refuses to count what a client address holds, so its limits are not enforced',
      ends: 'Redis counts again what a client address holds,'
    })
  }

  /** Records a box that is about to be created. @throws HeldError */
  async admit (holder: string, drop: string, deadline: number, now: number, { boxes, bytes }: Held = UNBOUNDED): Promise<void> {
    const admitted = await this.#ask<number>(scripts.admit, holder, [now, drop, deadline, boxes, bytes])
    if (admitted === 0) throw new HeldError()
  }

  /**
   * The same for a box that several callers may create at once: it needs the space of one.
   * @returns how often a box under its address was lowered, as far as the record knows; undefined if none is on record.
   * If one is, its deadline stays: if the box is created after all, report it
   * @throws HeldError
   */
  async admitOnce (holder: string, drop: string, deadline: number, now: number, { boxes, bytes }: Held = UNBOUNDED): Promise<number | undefined> {
    const [admitted, lowered] = await this.#ask<[0 | 1, number?]>(scripts.admitOnce, holder, [now, drop, deadline, boxes, bytes]) ?? [1]
    if (admitted === 0) throw new HeldError()
    return lowered
  }

  /**
   * @param spare units that are useful beyond those needed
   * @returns how many units the box may have now, and after how many lowerings
   * @throws HeldError
   */
  async grant ([holder, deadline, units, lowered]: Report, spare: number, drop: string, now: number, held: Held): Promise<OnRecord> {
    const granted = await this.#ask<OnRecord | 0>(scripts.grant, holder, [now, drop, deadline, units, spare, lowered, held.bytes])
    if (granted === 0) throw new HeldError()
    return granted ?? [units, lowered]
  }

  async report (drop: string, report: Report | undefined, now: number): Promise<void> {
    if (report === undefined) return
    const [holder, deadline, units, lowered] = report
    await this.#ask(scripts.report, holder, [drop, deadline, units, lowered, now])
  }

  /** @param last what the box had last: a later one under the same address is not forgotten */
  async forget (drop: string, holder: string | undefined, { deadline, lowered } = ANY): Promise<void> {
    if (holder !== undefined) await this.#ask(scripts.forget, holder, [drop, deadline, lowered])
  }

  /** Undefined if the record is not available: as with rate limits, a box is not refused for that. */
  async #ask<T> (script: Script, holder: string, args: (string | number)[]): Promise<T | undefined> {
    const key = `${this.#prefix}held:{${holder}}`
    try {
      const reply = await this.#run<T>(script, [key, `${key}:units`], args)
      this.#away.notMet()
      this.#refused.notMet()
      return reply
    } catch (error) {
      const condition = isReply(error) ? this.#refused : this.#away
      condition.met(error)
      return undefined
    }
  }
}

/** Keeps the record until its last box is due. The time is relative, since Redis's clock may differ from its callers'. */
const keep = (deadline: string, now: string): string => `
local function keep(key)
  local left = ${deadline} - ${now} + ${MARGIN}
  if redis.call('PTTL', key) < left then redis.call('PEXPIRE', key, left) end
end
keep(KEYS[1])
keep(KEYS[2])
`

/** Sets the box's units and the sum. */
const put = `
local function put(drop, old, units, lowered)
  redis.call('HSET', KEYS[2], drop, units .. ' ' .. lowered)
  redis.call('HINCRBY', KEYS[2], 'sum', units - old)
end
local function on_record(drop)
  local units, lowered = string.match(redis.call('HGET', KEYS[2], drop) or '0 -1', '^(%d+) (-?%d+)$')
  return tonumber(units), tonumber(lowered)
end
`

/** Removes the boxes. */
const strike = `
local function strike(drops)
  local units = 0
  for _, box in ipairs(redis.call('HMGET', KEYS[2], unpack(drops))) do
    if box then units = units + tonumber(string.match(box, '^%d+')) end
  end
  redis.call('ZREM', KEYS[1], unpack(drops))
  if redis.call('HDEL', KEYS[2], unpack(drops)) > 0 then redis.call('HINCRBY', KEYS[2], 'sum', -units) end
end
`

/** Removes the expired boxes, and counts what is left. */
const count = `
${strike}
while true do
  local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, 1000)
  if #due == 0 then break end
  strike(due)
end
local boxes = redis.call('ZCARD', KEYS[1])
local sum = tonumber(redis.call('HGET', KEYS[2], 'sum') or 0)
`

/**
 * KEYS  boxes, units
 * ARGV  now, drop, deadline, the holder's boxes, its bytes
 * Records an empty box.
 * → 1 | 0 if the holder has reached its limit
 */
const admit = script(`
${count}
if boxes >= tonumber(ARGV[4]) or (boxes + 1) * ${BOX_COST} + sum * ${UNIT} > tonumber(ARGV[5]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[2])
${keep('ARGV[3]', 'ARGV[1]')}
return 1
`)

/**
 * The same, but what is on the record already is not counted again.
 * → { 1, lowered if a box was on record } | { 0 } if the holder has reached its limit
 */
const admitOnce = script(`
${count}
${put}
local known = redis.call('ZSCORE', KEYS[1], ARGV[2])
if not known then boxes = boxes + 1 end
if boxes > tonumber(ARGV[4]) or boxes * ${BOX_COST} + sum * ${UNIT} > tonumber(ARGV[5]) then return { 0 } end
redis.call('ZADD', KEYS[1], 'NX', ARGV[3], ARGV[2])
${keep('ARGV[3]', 'ARGV[1]')}
local units, lowered = on_record(ARGV[2])
return { 1, (known or lowered >= 0) and math.max(0, lowered) or nil }
`)

/**
 * KEYS  boxes, units
 * ARGV  now, drop, deadline, units needed, units that are useful beyond them, lowered, the holder's bytes
 * Grants a box what it needs, and as much as possible of what would be useful. A request that a later report
 * has overtaken grants nothing, and learns how often the box was lowered.
 * → { units granted, lowered } | 0 if the holder has reached its limit
 */
const grant = script(`
${count}
${put}
local needed, lowered = tonumber(ARGV[4]), tonumber(ARGV[6])
local old, last = on_record(ARGV[2])
if last > lowered then return { 0, last } end
local free = math.floor((tonumber(ARGV[7]) - boxes * ${BOX_COST}) / ${UNIT}) - sum + old
if needed > free and not (last == lowered and needed <= old) then return 0 end
local units = math.max(needed, math.min(needed + tonumber(ARGV[5]), free))
if last == lowered then units = math.max(units, old) end
put(ARGV[2], old, units, lowered)
redis.call('ZADD', KEYS[1], 'GT', ARGV[3], ARGV[2])
${keep('ARGV[3]', 'ARGV[1]')}
return { units, lowered }
`)

/**
 * KEYS  boxes, units
 * ARGV  drop, deadline, units, lowered, now
 * Records what a box has now. Until it gives units back, it may have been granted more than it has taken. A
 * full Redis accepts this too; otherwise, what is removed from the box would still count.
 * → 1
 */
const report = script(`
${put}
${dryWrite('KEYS[2]')}
redis.call('ZADD', KEYS[1], 'GT', ARGV[2], ARGV[1])
local units, lowered = tonumber(ARGV[3]), tonumber(ARGV[4])
local old, last = on_record(ARGV[1])
local isNew = last < lowered and (units > 0 or last >= 0)
if isNew or last == lowered and old < units then put(ARGV[1], old, units, lowered) end
${keep('ARGV[2]', 'ARGV[5]')}
return 1
`)

/**
 * KEYS  boxes, units
 * ARGV  drop, the last deadline of the box, lowered
 * Removes a box, unless there is a later one under its address.
 * → 1
 */
const forget = script(`
${put}
${strike}
local deadline = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or 0)
local units, lowered = on_record(ARGV[1])
if deadline <= tonumber(ARGV[2]) and lowered <= tonumber(ARGV[3]) then strike({ ARGV[1] }) end
return 1
`)

const scripts = { admit, admitOnce, grant, report, forget }
