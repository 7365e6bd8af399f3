import t from 'tap'
import type { Appended, Drained, Limits, NewMessage, Opened, Page, Store, Unsubscribe } from '../../src/index.js'
import { isExpired, MAX_KEYS, renewedDeadline } from '../../src/index.js'
import { build } from '../helpers/build.js'
import { openStream } from '../helpers/stream-reader.js'
import { contractSuite } from './contract.js'

interface Entry {
  ttl: number
  deadline: number
  last: number
  holder: string | undefined
  keep: number | undefined
  texts: string[]
  times: number[]
  keys: Map<string, Appended & { digest: string }>
}

/** A store as somebody else would write it, from nothing but what the package exports; its errors have a code and no class of ours. */
class ArrayStore implements Store {
  readonly name = 'arrays'
  readonly boxes = new Map<string, Entry>()
  readonly #listeners = new Map<string, Set<() => void>>()
  #closed = false

  async create (drop: string, ttl: number, now: number, limits: Limits, holder?: string, keep?: number): Promise<void> {
    this.#assertOpen()
    this.#reserve(100, limits, holder, 1)
    this.boxes.set(drop, { ttl, deadline: now + ttl, last: 0, holder, keep, texts: [], times: [], keys: new Map() })
  }

  async open (drop: string, ttl: number, now: number, limits: Limits, holder?: string, keep?: number): Promise<Opened> {
    this.#assertOpen()
    const box = this.boxes.get(drop)
    if (box === undefined || isExpired(box.deadline, now)) {
      await this.create(drop, ttl, now, limits, holder, keep)
      return { created: true, expires: now + ttl }
    }
    renew(box, now)
    return { created: false, expires: box.deadline }
  }

  async append (drop: string, { text, bytes, key }: NewMessage, now: number, limits: Limits): Promise<Appended> {
    const box = this.#box(drop, now)
    const first = key && box.keys.get(key.id)
    if (first !== undefined) {
      if (first.digest !== key?.digest) throw refusal('BOX_ERR_IDEMPOTENCY')
      renew(box, now)
      return { seq: first.seq, count: first.count }
    }
    const isFull = (texts: string[]): boolean => texts.length >= limits.maxMessages || sizeOf(texts) + bytes > limits.maxBoxBytes
    const before = { texts: [...box.texts], times: [...box.times] }
    while (box.keep !== undefined && bytes <= limits.maxBoxBytes && isFull(box.texts)) shift(box)
    if (isFull(box.texts)) throw refusal('BOX_ERR_FULL')
    try {
      this.#reserve(bytes + 10 + (key === undefined ? 0 : 100), limits, box.holder)
    } catch (error) {
      Object.assign(box, before)
      throw error
    }
    renew(box, now)
    box.texts.push(text)
    box.times.push(now)
    const appended = { seq: ++box.last, count: box.texts.length }
    if (key !== undefined) box.keys.set(key.id, { ...appended, digest: key.digest })
    if (box.keys.size > MAX_KEYS) box.keys.delete([...box.keys.keys()][0] as string)
    this.#wake(drop)
    return appended
  }

  async read (drop: string, after: number, limit: number, now: number): Promise<Page> {
    const box = this.#box(drop, now)
    if (after > box.last) throw refusal('BOX_ERR_CURSOR')
    renew(box, now)
    const first = box.last - box.texts.length
    const from = Math.max(after, first)
    const texts = box.texts.slice(from - first, from - first + limit)
    return { texts, next: texts.length === 0 ? after : from + texts.length, expires: box.deadline, ...box.keep !== undefined && { keep: box.keep } }
  }

  async acknowledge (drop: string, after: number, now: number): Promise<number> {
    const box = this.#box(drop, now)
    if (after > box.last) throw refusal('BOX_ERR_CURSOR')
    renew(box, now)
    const count = Math.max(0, after - (box.last - box.texts.length))
    box.texts.splice(0, count)
    box.times.splice(0, count)
    return box.texts.length
  }

  async drain (drop: string, now: number, most = Infinity): Promise<Drained> {
    const box = this.#box(drop, now)
    renew(box, now)
    const size = box.texts.reduce((bytes, text) => bytes + Buffer.byteLength(text) + 1, 0)
    if (size > most) return { needs: size }
    box.times = []
    return { texts: box.texts.splice(0), next: box.last, expires: box.deadline, ...box.keep !== undefined && { keep: box.keep } }
  }

  async delete (drop: string, now: number): Promise<void> {
    this.#box(drop, now)
    this.boxes.delete(drop)
    this.#wake(drop)
  }

  async subscribe (drop: string, listener: () => void): Promise<Unsubscribe> {
    this.#assertOpen()
    const listeners = this.#listeners.get(drop) ?? new Set()
    this.#listeners.set(drop, listeners.add(listener))
    return () => { listeners.delete(listener) }
  }

  async sweep (now: number): Promise<number> {
    this.#assertOpen()
    const due = [...this.boxes].filter(([, { deadline }]) => isExpired(deadline, now)).slice(0, 100)
    for (const [drop] of due) this.boxes.delete(drop)
    return due.length + [...this.boxes.values()].reduce((sum, box) => sum + pass(box, now), 0)
  }

  async check (): Promise<void> {
    this.#assertOpen()
  }

  async close (): Promise<void> {
    this.#closed = true
  }

  #assertOpen (): void {
    if (this.#closed) throw refusal('BOX_ERR_STORE')
  }

  #wake (drop: string): void {
    for (const listener of this.#listeners.get(drop) ?? []) listener()
  }

  #box (drop: string, now: number): Entry {
    this.#assertOpen()
    const box = this.boxes.get(drop)
    if (box === undefined || isExpired(box.deadline, now)) throw refusal('BOX_ERR_NOT_FOUND')
    pass(box, now)
    return box
  }

  #reserve (bytes: number, { maxStoreBytes = Infinity, held }: Limits, holder: string | undefined, boxes = 0): void {
    const all = [...this.boxes.values()]
    const own = all.filter(box => box.holder === holder)
    if (bytes + costOf(all) > maxStoreBytes) throw refusal('BOX_ERR_STORE_FULL')
    if (holder === undefined || held === undefined) return
    if (own.length + boxes > held.boxes || bytes + costOf(own) > held.bytes) throw refusal('BOX_ERR_HELD')
  }
}

function costOf (boxes: Entry[]): number {
  return boxes.reduce((sum, { texts, keys }) => sum + 100 + sizeOf(texts) + 10 * texts.length + 100 * keys.size, 0)
}

/** Lets go what the room no longer keeps. @returns the number of messages */
function pass (box: Entry, now: number): number {
  let count = 0
  for (; box.keep !== undefined && box.times[0] !== undefined && isExpired(box.times[0] + box.keep, now); count++) shift(box)
  return count
}

function shift (box: Entry): void {
  box.texts.shift()
  box.times.shift()
}

function sizeOf (texts: string[]): number {
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
}

function renew (box: Entry, now: number): void {
  box.deadline = renewedDeadline(box.deadline, box.ttl, now)
}

function refusal (code: string): Error {
  return Object.assign(new Error('somebody else\'s words'), { code })
}

contractSuite(t, async () => new ArrayStore(), {}, { box: 100, list: 0, message: bytes => bytes + 10, key: () => 100, room: 0, time: () => 0 })

t.test('the plugin responds to the errors of a third-party store as to its own', async t => {
  const { app, createBox } = await build(t, { store: new ArrayStore(), maxMessages: 1 })
  const box = await createBox()
  await box.store(1)
  const full = await box.store(2)
  t.match([full.statusCode, full.json()], [409, { code: 'BOX_ERR_FULL', title: 'Box full', detail: /^The box has reached its limit/ }])
  t.equal((await box.read('?after=9')).statusCode, 409)

  const stream = await openStream(t, await app.listen({ port: 0, host: '127.0.0.1' }) + box.messages)
  t.equal((await app.inject({ method: 'DELETE', url: box.url })).statusCode, 204)
  await stream.untilEnd()
  t.match(stream.events, [{ data: '1' }, { event: 'gone' }])
  t.equal((await box.read()).statusCode, 404)
})
