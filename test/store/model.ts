import assert from 'node:assert/strict'
import fc from 'fast-check'
import { isExpired, renewedDeadline } from '../../src/store/lifetime.js'
import type { Appended, Drained, Held, Limits, NewMessage, Opened, Page, Store } from '../../src/store/store.js'
import { withSpace } from '../../src/store/with-space.js'

const limits: Limits = { maxMessages: 90, maxBoxBytes: 200 }

/** What a store counts against a holder: a box, what the box takes while it holds any message, a message by its bytes, and a key. */
export interface HeldCosts {
  box: number
  list: number
  message: (bytes: number) => number
  key: (id: string) => number
  /** what a room takes besides, and for the time of each of its messages */
  room: number
  time: (bytes: number) => number
}

interface ModelBox {
  ttl: number
  deadline: number
  holder: string | undefined
  last: number
  keep: number | undefined
  texts: string[]
  times: number[]
  acks: Map<string, Appended & { digest: string }>
}

/** The contract again, in the plainest words there are. */
class Model {
  readonly boxes = new Map<string, ModelBox>()
  readonly #held: Held | undefined
  readonly #costs: HeldCosts

  constructor (held: Held | undefined, costs: HeldCosts) {
    this.#held = held
    this.#costs = costs
  }

  create (drop: string, ttl: number, now: number, holder: string | undefined, keep: number | undefined): void {
    this.#hold(holder, 1, this.#costs.box + (keep === undefined ? 0 : this.#costs.room), now)
    this.boxes.set(drop, { ttl, deadline: now + ttl, holder, keep, last: 0, texts: [], times: [], acks: new Map() })
  }

  open (drop: string, ttl: number, now: number, holder: string | undefined, keep: number | undefined): Opened {
    const box = this.boxes.get(drop)
    if (box === undefined || isExpired(box.deadline, now)) {
      this.create(drop, ttl, now, holder, keep)
      return { created: true, expires: now + ttl }
    }
    renew(box, now)
    return { created: false, expires: box.deadline }
  }

  append (drop: string, { text, key }: NewMessage, now: number): Appended {
    const box = this.#box(drop, now)
    const first = box.acks.get(key?.id ?? '')
    if (first !== undefined) {
      if (first.digest !== key?.digest) throw refusal('BOX_ERR_IDEMPOTENCY')
      renew(box, now)
      return { seq: first.seq, count: first.count }
    }
    const before = { texts: [...box.texts], times: [...box.times] }
    if (box.keep !== undefined && Buffer.byteLength(text) <= limits.maxBoxBytes) {
      while (box.texts.length === limits.maxMessages || Buffer.byteLength(box.texts.join('') + text) > limits.maxBoxBytes) shift(box)
    }
    const full = box.texts.length === limits.maxMessages || Buffer.byteLength(box.texts.join('') + text) > limits.maxBoxBytes
    if (full) throw refusal('BOX_ERR_FULL')
    const { list, message, key: keyCost } = this.#costs
    try {
      const first = box.texts.length === 0 ? list : 0
      this.#hold(box.holder, 0, first + message(Buffer.byteLength(text)) + (box.keep === undefined ? 0 : this.#costs.time(Buffer.byteLength(text))) + (key === undefined ? 0 : keyCost(key.id)), now)
    } catch (error) {
      Object.assign(box, before)
      throw error
    }
    renew(box, now)
    box.last++
    box.texts.push(text)
    box.times.push(now)
    const ack = { seq: box.last, count: box.texts.length }
    if (key !== undefined) box.acks.set(key.id, { ...ack, digest: key.digest })
    return ack
  }

  read (drop: string, after: number, limit: number, now: number): Page {
    const box = this.#box(drop, now)
    if (after > box.last) throw refusal('BOX_ERR_CURSOR')
    renew(box, now)
    const first = box.last - box.texts.length + 1
    const numbered = box.texts.map((text, i) => ({ text, seq: first + i })).filter(({ seq }) => seq > after).slice(0, limit)
    return { texts: numbered.map(({ text }) => text), next: numbered.at(-1)?.seq ?? after, expires: box.deadline, ...keepOf(box) }
  }

  acknowledge (drop: string, after: number, now: number): number {
    const box = this.#box(drop, now)
    if (after > box.last) throw refusal('BOX_ERR_CURSOR')
    renew(box, now)
    while (box.texts.length > 0 && box.last - box.texts.length + 1 <= after) shift(box)
    return box.texts.length
  }

  drain (drop: string, now: number, most = Infinity): Drained {
    const box = this.#box(drop, now)
    renew(box, now)
    const size = box.texts.reduce((bytes, text) => bytes + Buffer.byteLength(text) + 1, 0)
    if (size > most) return { needs: size }
    box.times = []
    return { texts: box.texts.splice(0), next: box.last, expires: box.deadline, ...keepOf(box) }
  }

  delete (drop: string, now: number): void {
    this.#box(drop, now)
    this.boxes.delete(drop)
  }

  /** Refuses what would be too much for the holder, with all that its boxes hold which have not expired. */
  #hold (holder: string | undefined, boxes: number, bytes: number, now: number): void {
    if (holder === undefined || this.#held === undefined) return
    const own = [...this.boxes.values()].filter(box => box.holder === holder && !isExpired(box.deadline, now))
    for (const box of own) pass(box, now)
    const sum = own.reduce((sum, box) => sum + this.#costOf(box), bytes)
    if (own.length + boxes > this.#held.boxes || sum > this.#held.bytes) throw refusal('BOX_ERR_HELD')
  }

  #costOf ({ texts, acks, keep }: ModelBox): number {
    const { box, list, message, key, room, time } = this.#costs
    const perMessage = (bytes: number): number => message(bytes) + (keep === undefined ? 0 : time(bytes))
    const messages = texts.reduce((sum, text) => sum + perMessage(Buffer.byteLength(text)), texts.length === 0 ? 0 : list)
    return [...acks.keys()].reduce((sum, id) => sum + key(id), box + (keep === undefined ? 0 : room) + messages)
  }

  #box (drop: string, now: number): ModelBox {
    const box = this.boxes.get(drop)
    if (box === undefined || isExpired(box.deadline, now)) throw refusal('BOX_ERR_NOT_FOUND')
    pass(box, now)
    return box
  }
}

function pass (box: ModelBox, now: number): void {
  while (box.keep !== undefined && box.times[0] !== undefined && isExpired(box.times[0] + box.keep, now)) shift(box)
}

function shift (box: ModelBox): void {
  box.texts.shift()
  box.times.shift()
}

function keepOf ({ keep }: ModelBox): { keep?: number } {
  return keep === undefined ? {} : { keep }
}

function renew (box: ModelBox, now: number): void {
  box.deadline = renewedDeadline(box.deadline, box.ttl, now)
}

function refusal (code: string): Error {
  return Object.assign(new Error(code), { code })
}

const ttl = 8_000

const keep = fc.constantFrom(undefined, ttl / 4, ttl)
const which = fc.constantFrom('a', 'b', 'c')
const after = fc.oneof(fc.nat(8), fc.nat(130))
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('create' as const), which, keep, ttl: fc.constantFrom(ttl, 2 * ttl), holder: fc.constantFrom('h', 'h', 'i', undefined) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('open' as const), which, keep, ttl: fc.constantFrom(ttl, 2 * ttl), holder: fc.constantFrom('h', 'i', undefined) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('append' as const), which, value: fc.string({ unit: 'grapheme', maxLength: 12 }), id: fc.option(fc.constantFrom('k1', 'k2', 'k3')) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('burst' as const), which, count: fc.integer({ min: 2, max: 60 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('read' as const), which, after, limit: fc.nat(70) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('acknowledge' as const), which, after }) },
  fc.record({ do: fc.constant('drain' as const), which, most: fc.option(fc.nat(200), { nil: undefined }) }),
  fc.record({ do: fc.constant('delete' as const), which }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant('turn' as const), by: fc.constantFrom(1, ttl / 4 - 1, ttl / 8, ttl / 8 + 1, ttl / 2, ttl - 1, ttl) }) },
  fc.record({ do: fc.constant('sweep' as const) }),
  fc.record({ do: fc.constant('reopen' as const) })
)

/** Of these bytes each box takes its own first. */
const bounds = fc.option(fc.record({ boxes: fc.integer({ min: 1, max: 3 }), bytes: fc.nat(10_000) }), { nil: undefined })

/** Where only boxes are counted. */
const NO_COSTS: HeldCosts = { box: 0, list: 0, message: () => 0, key: () => 0, room: 0, time: () => 0 }

let runs = 0

export interface ModelOptions {
  turnsTime?: boolean
  /** Absent where the model cannot say what the store counts: then a holder is bounded in boxes only. */
  costs?: HeldCosts | undefined
  /** Puts another store with the same boxes in the place of the one before. */
  reopen?: () => Promise<Store>
}

/** Random operations, done by the store and by the model: each must answer the same, or refuse the same. */
export async function modelTest (first: Store, { turnsTime = true, costs, reopen }: ModelOptions): Promise<void> {
  let store = first
  await fc.assert(fc.asyncProperty(bounds, fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }), async (bounds, steps) => {
    const prefix = `drop_model_${process.pid}_${++runs}_`
    const bytes = costs === undefined ? Number.MAX_SAFE_INTEGER : (bounds?.bytes ?? 0) + 2 * costs.box
    const held = bounds && { ...bounds, bytes }
    const within = { ...limits, held }
    const model = new Model(held, costs ?? NO_COSTS)
    let now = Date.now()
    for (const step of steps) {
      const drop = 'which' in step ? prefix + step.which : prefix
      switch (step.do) {
        case 'create': {
          const holder = step.holder && prefix + step.holder
          await same(() => withSpace(store).create(drop, step.ttl, now, within, holder, step.keep), () => { model.create(drop, step.ttl, now, holder, step.keep) })
          break
        }
        case 'open': {
          const holder = step.holder && prefix + step.holder
          await same(() => withSpace(store).open(drop, step.ttl, now, within, holder, step.keep), () => model.open(drop, step.ttl, now, holder, step.keep))
          break
        }
        case 'append': {
          const text = JSON.stringify(step.value)
          const key = step.id === null ? undefined : { id: step.id, digest: text }
          const message = { text, bytes: Buffer.byteLength(text), key }
          await same(() => withSpace(store).append(drop, message, now, within), () => model.append(drop, message, now))
          break
        }
        case 'burst': {
          // Before it, and not where one of them is refused: their order must stay.
          while (await store.sweep(now) > 0);
          const messages = Array.from({ length: step.count }, (_, n) => ({ text: String(n), bytes: String(n).length }))
          const real = messages.map(message => () => store.append(drop, message, now, within))
          const modelled = messages.map(message => () => model.append(drop, message, now))
          await same(() => Promise.all(real.map(outcome)), () => Promise.all(modelled.map(outcome)))
          break
        }
        case 'read':
          await same(() => store.read(drop, step.after, step.limit, now), () => model.read(drop, step.after, step.limit, now))
          break
        case 'acknowledge':
          await same(() => store.acknowledge(drop, step.after, now), () => model.acknowledge(drop, step.after, now))
          break
        case 'drain':
          await same(() => store.drain(drop, now, step.most), () => model.drain(drop, now, step.most))
          break
        case 'delete':
          await same(() => store.delete(drop, now), () => model.delete(drop, now))
          break
        case 'turn':
          if (turnsTime) now += step.by
          break
        case 'sweep':
          await store.sweep(now)
          break
        case 'reopen':
          if (reopen !== undefined) store = await reopen()
      }
    }
  }), { numRuns: 100 })
}

async function same (real: () => unknown, modelled: () => unknown): Promise<void> {
  assert.deepEqual(await outcome(real), await outcome(modelled))
}

function outcome (act: () => unknown): Promise<unknown> {
  return Promise.resolve().then(act).then(
    value => ({ value }),
    (error: { code?: string }) => ({ refused: error.code ?? error }))
}
