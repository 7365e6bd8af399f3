import assert from 'node:assert/strict'
import fc from 'fast-check'
import { isExpired, renewedDeadline } from '../../src/store/lifetime.js'
import type { Appended, Limits, NewMessage, Page, Store } from '../../src/store/store.js'

const limits: Limits = { maxMessages: 90, maxBoxBytes: 200 }

interface ModelBox {
  ttl: number
  deadline: number
  last: number
  texts: string[]
  acks: Map<string, Appended & { digest: string }>
}

/** The contract again, in the plainest words there are. */
class Model {
  readonly boxes = new Map<string, ModelBox>()

  create (drop: string, ttl: number, now: number): void {
    this.boxes.set(drop, { ttl, deadline: now + ttl, last: 0, texts: [], acks: new Map() })
  }

  append (drop: string, { text, key }: NewMessage, now: number): Appended {
    const box = this.#box(drop, now)
    const first = box.acks.get(key?.id ?? '')
    if (first !== undefined) {
      if (first.digest !== key?.digest) throw refusal('BOX_ERR_IDEMPOTENCY')
      renew(box, now)
      return { seq: first.seq, count: first.count }
    }
    const full = box.texts.length === limits.maxMessages || Buffer.byteLength(box.texts.join('') + text) > limits.maxBoxBytes
    if (full) throw refusal('BOX_ERR_FULL')
    renew(box, now)
    box.last++
    box.texts.push(text)
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
    return { texts: numbered.map(({ text }) => text), next: numbered.at(-1)?.seq ?? after, expires: box.deadline }
  }

  acknowledge (drop: string, after: number, now: number): number {
    const box = this.#box(drop, now)
    if (after > box.last) throw refusal('BOX_ERR_CURSOR')
    renew(box, now)
    while (box.texts.length > 0 && box.last - box.texts.length + 1 <= after) box.texts.shift()
    return box.texts.length
  }

  drain (drop: string, now: number): Page {
    const box = this.#box(drop, now)
    renew(box, now)
    return { texts: box.texts.splice(0), next: box.last, expires: box.deadline }
  }

  delete (drop: string, now: number): void {
    this.#box(drop, now)
    this.boxes.delete(drop)
  }

  #box (drop: string, now: number): ModelBox {
    const box = this.boxes.get(drop)
    if (box === undefined || isExpired(box.deadline, now)) throw refusal('BOX_ERR_NOT_FOUND')
    return box
  }
}

function renew (box: ModelBox, now: number): void {
  box.deadline = renewedDeadline(box.deadline, box.ttl, now)
}

function refusal (code: string): Error {
  return Object.assign(new Error(code), { code })
}

const ttl = 8_000

const which = fc.constantFrom('a', 'b', 'c')
const after = fc.oneof(fc.nat(8), fc.nat(130))
const step = fc.oneof(
  fc.record({ do: fc.constant('create' as const), which, ttl: fc.constantFrom(ttl, 2 * ttl) }),
  { weight: 4, arbitrary: fc.record({ do: fc.constant('append' as const), which, value: fc.string({ unit: 'grapheme', maxLength: 12 }), id: fc.option(fc.constantFrom('k1', 'k2', 'k3')) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('burst' as const), which, count: fc.integer({ min: 2, max: 45 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('read' as const), which, after, limit: fc.integer({ min: 1, max: 70 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('acknowledge' as const), which, after }) },
  fc.record({ do: fc.constant('drain' as const), which }),
  fc.record({ do: fc.constant('delete' as const), which }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant('turn' as const), by: fc.constantFrom(1, ttl / 8, ttl / 8 + 1, ttl / 2, ttl - 1, ttl) }) },
  fc.record({ do: fc.constant('sweep' as const) }),
  fc.record({ do: fc.constant('reopen' as const) })
)

let runs = 0

/**
 * Random operations, done by the store and by the model: each must answer the same, or refuse the same.
 * @param reopen puts another store with the same boxes in the place of the one before
 */
export async function modelTest (first: Store, turnsTime: boolean, reopen?: () => Promise<Store>): Promise<void> {
  let store = first
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }), async steps => {
    const prefix = `drop_model_${process.pid}_${++runs}_`
    const model = new Model()
    let now = Date.now()
    for (const step of steps) {
      const drop = 'which' in step ? prefix + step.which : prefix
      switch (step.do) {
        case 'create':
          // Names are random in use, and never meet a box that is alive.
          if ((model.boxes.get(drop)?.deadline ?? 0) <= now) await same(() => store.create(drop, step.ttl, now, limits), () => model.create(drop, step.ttl, now))
          break
        case 'append': {
          const text = JSON.stringify(step.value)
          const key = step.id === null ? undefined : { id: step.id, digest: text }
          const message = { text, bytes: Buffer.byteLength(text), key }
          await same(() => store.append(drop, message, now, limits), () => model.append(drop, message, now))
          break
        }
        case 'burst': {
          const messages = Array.from({ length: step.count }, (_, n) => ({ text: String(n), bytes: String(n).length }))
          const real = messages.map(message => () => store.append(drop, message, now, limits))
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
          await same(() => store.drain(drop, now), () => model.drain(drop, now))
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
