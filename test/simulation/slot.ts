import { dropAddress } from '../../src/box/capability.js'
import type { Random } from './random.js'
import { limits, TTL, type SimulatedServer } from './server.js'
import type { World } from './world.js'

export const ORIGIN = 'http://signalbox.test'

/** What the clients know of a box: what they sent, and what they have read. */
export class SimulatedBox {
  readonly drop: string
  readonly link: string
  readonly dropLink: string
  /** what the reader has handled */
  handled = 0
  isDeleted = false
  readonly #world: World
  readonly #data = new Map<number, string>()

  constructor (world: World, id: string) {
    this.#world = world
    this.drop = dropAddress(id)
    this.link = `${ORIGIN}/boxes/${id}`
    this.dropLink = `${ORIGIN}/boxes/${this.drop}`
  }

  /** The highest sequence number that a writer was told. */
  sent = 0

  /** A writer was told that its message is stored. */
  acknowledged (seq: number, data: unknown): void {
    this.sent = Math.max(this.sent, seq)
    this.#is(seq, data)
  }

  /** A reader got a message. */
  found (seq: number, data: unknown): void {
    this.#is(seq, data)
  }

  /** The loop of the one reader that acknowledges got a message. */
  received (seq: number, data: unknown): void {
    this.#world.check(seq === this.handled + 1, () => `the loop handled ${this.handled}, and got ${seq}`)
    this.#is(seq, data)
    this.handled = seq
  }

  #is (seq: number, data: unknown): void {
    const text = JSON.stringify(data)
    const known = this.#data.get(seq)
    this.#world.check(known === undefined || known === text, () => `for the clients, message ${seq} was ${known}, and is now ${text}`)
    this.#data.set(seq, text)
  }
}

/** A place for one box after another: when a box is gone, its clients move on to the next. */
export class Slot {
  box: SimulatedBox | undefined
  readonly #world: World
  readonly #server: SimulatedServer
  readonly #random: Random

  constructor (world: World, server: SimulatedServer) {
    this.#world = world
    this.#server = server
    this.#random = world.random.fork()
  }

  /** Creates the next box, while the server is there. */
  async renew (): Promise<void> {
    const id = `box_${this.#random.text(32)}`
    const next = new SimulatedBox(this.#world, id)
    try {
      await this.#server.store?.create(next.drop, TTL * 1000, this.#world.epoch, limits)
      if (this.#server.store !== undefined) this.box = next
    } catch {
      // It is tried again.
    }
  }

  /** The box that comes after this one. */
  async after (gone: SimulatedBox | undefined): Promise<SimulatedBox> {
    while (this.box === undefined || this.box === gone || this.box.isDeleted) await this.#world.sleep(500)
    return this.box
  }

  /** Makes sure that there is a box, as long as it is needed. */
  async keep (isNeeded: () => boolean): Promise<void> {
    while (isNeeded()) {
      if (this.box === undefined || this.box.isDeleted) await this.renew()
      await this.#world.sleep(1_000)
    }
  }
}
