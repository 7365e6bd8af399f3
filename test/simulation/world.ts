import { createHash } from 'node:crypto'
import { Agenda, type Entry } from './agenda.js'
import { realGlobals, simulated } from './globals.js'
import { Random } from './random.js'

/** What the simulation promises was broken. */
export class Violation extends Error {
  override readonly name = 'Violation'
}

/** When the simulated world begins, in ms since the epoch. */
const BEGINNING = Date.UTC(2026, 10, 22, 12)

/**
 * A world with a clock of its own, in which everything happens in an order that follows from the seed. It takes one step
 * at a time: a timer fires, an immediate runs, or something arrives over the network or from the disk. Between two
 * steps, the real event loop completes whatever the last one has set off.
 */
export class World {
  readonly random: Random
  readonly agenda = new Agenda()
  steps = 0
  violation: Error | undefined
  readonly #order: Random
  readonly #hash = createHash('sha256')
  #log = ''
  #lines: string[] | undefined
  #aside: (() => Promise<unknown>) | undefined
  #now = 0

  /** @param isTold whether to keep the trace as text, to be read */
  constructor (readonly seed: number, isTold = false) {
    this.random = new Random(seed)
    this.#order = this.random.fork()
    if (isTold) this.#lines = []
  }

  /** The time since the beginning, in ms. */
  get elapsed (): number {
    return this.#now
  }

  get epoch (): number {
    return BEGINNING + this.#now
  }

  /** Adds a step `ms` from now. Of those at the same time, any may come first. */
  later (ms: number, label: string, run: () => unknown): void {
    this.agenda.add({ at: this.#now + Math.max(0, Math.round(ms)), rank: this.#order.next(), label, run })
  }

  sleep (ms: number): Promise<void> {
    return new Promise(resolve => { this.later(ms, 'wake', resolve) })
  }

  /** Notes in the trace what happened within a step. */
  note (text: string): void {
    this.#log += `${this.#now} ${text}\n`
    this.#lines?.push(`${this.#now} ${text}`)
    if (this.#log.length < 65_536) return
    this.#hash.update(this.#log)
    this.#log = ''
  }

  fail (violation: Error): void {
    this.violation ??= violation
  }

  /** @throws Violation, and ends the run, unless the condition holds */
  check (condition: boolean, message: () => string): asserts condition {
    if (condition) return
    const violation = new Violation(message())
    this.fail(violation)
    throw violation
  }

  /** Does what needs the real event loop, such as loading modules, while the time of this world stands still. */
  aside<T> (work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#aside = async () => { await work().then(resolve, reject) }
    })
  }

  /**
   * Takes steps until the promise settles.
   * @param limit how long that may take, in ms of this world
   * @throws the first violation, or what the promise rejects with
   */
  async until<T> (promise: Promise<T>, limit: number, what: string): Promise<T> {
    const state = { isSettled: false }
    const settle = (): void => { state.isSettled = true }
    promise.then(settle, settle)
    const end = this.#now + limit
    let restore = simulated(this)
    try {
      for (await this.#turn(); !state.isSettled && this.violation === undefined; await this.#turn()) {
        const aside = this.#aside
        if (aside !== undefined) {
          this.#aside = undefined
          restore()
          await aside()
          restore = simulated(this)
          continue
        }
        const entry = this.#next()
        if (entry === undefined) this.fail(new Violation(`nothing is left to do, but not yet: ${what}`))
        else if (entry.at > end) this.fail(new Violation(`not within ${limit / 1000} s: ${what}`))
        else this.#step(entry)
      }
    } finally {
      restore()
    }
    if (this.violation !== undefined) throw this.violation
    return await promise
  }

  /** Takes the steps of the next `ms`. */
  async pass (ms: number): Promise<void> {
    await this.until(this.sleep(ms), ms, 'the time passes')
  }

  /** Identifies everything that has happened. */
  get hash (): string {
    return this.#hash.copy().update(this.#log).digest('hex')
  }

  get trace (): string[] {
    return this.#lines ?? []
  }

  /** An immediate runs in this turn of the event loop, in which something else may arrive before it or after it. */
  #next (): Entry | undefined {
    const { immediate, first } = this.agenda
    if (immediate === undefined || (first !== undefined && first.at <= this.#now && this.#order.chance(0.5))) return this.agenda.takeFirst()
    return this.agenda.takeImmediate(this.#now)
  }

  #step ({ at, label, run }: Entry): void {
    this.#now = Math.max(this.#now, at)
    this.steps++
    this.note(label)
    try {
      run()
    } catch (error) {
      this.fail(error as Error)
    }
  }

  #turn (): Promise<void> {
    return new Promise(resolve => { realGlobals.setImmediate(resolve) })
  }
}
