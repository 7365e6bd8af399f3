import Fastify, { type FastifyInstance } from 'fastify'
import { createBoxPlugin } from '../../src/plugin.js'
import type { Limits, Store } from '../../src/store/store.js'
import { CheckedStore } from './checked-store.js'
import type { Network } from './network.js'
import type { World } from './world.js'

export const limits: Limits = { maxMessages: 20, maxBoxBytes: 8_000 }
export const MAX_WAITERS = 4
export const TTL = 86_400

/** What the server stores in. */
export interface Storage {
  /** whether boxes survive a crash */
  readonly isDurable: boolean
  /** @param fail called if the process must end, and be started again */
  open (fail: () => void): Promise<Store>
  /** Loses what a crash loses. */
  crash (): void
  /** Ends all faults to come. */
  heal (): void
  /** Resolves when a crash would do more harm than at another time. */
  moment? (): Promise<void>
}

/** The server, which can crash between any two steps and start again. */
export class SimulatedServer {
  store: CheckedStore | undefined
  readonly #world: World
  readonly #network: Network
  readonly #storage: Storage
  #app: FastifyInstance | undefined
  #known: CheckedStore | undefined
  #off = 0
  #crashed: Promise<void> = Promise.resolve()
  #tellCrash = (): void => {}

  constructor (world: World, network: Network, storage: Storage) {
    this.#world = world
    this.#network = network
    this.#storage = storage
  }

  /** @param off how far it is ahead from now on, in ms */
  setClock (off: number): void {
    this.#world.note(`the clock is ${off} ahead`)
    this.#off = off
  }

  get isThere (): boolean {
    return this.store !== undefined
  }

  /** Resolves with the next crash, and at once if it has crashed. */
  get crashed (): Promise<void> {
    return this.#crashed
  }

  async start (): Promise<void> {
    const { app, store } = await this.#world.aside(() => this.#boot())
    this.#app = app
    this.store = store
    this.#crashed = new Promise(resolve => { this.#tellCrash = resolve })
    this.#network.server = app.server
    this.#world.note('started')
  }

  async #boot (): Promise<{ app: FastifyInstance, store: CheckedStore }> {
    const opened = await this.#storage.open(() => { this.crash(true) })
    const store = new CheckedStore(this.#world, opened, this.#known)
    const app = Fastify()
    const clock = { now: () => this.#world.epoch + this.#off }
    await app.register(createBoxPlugin({ clock }), { store, ttl: TTL, ...limits, maxMessageBytes: 4_000, maxWaiters: MAX_WAITERS, rateLimit: false, docs: false, classicPath: false })
    await app.ready()
    return { app, store }
  }

  /** @param isTold whether the clients notice at once */
  crash (isTold: boolean): void {
    this.#known = this.#storage.isDurable ? this.store : undefined
    this.store = undefined
    this.#app = undefined
    this.#storage.crash()
    this.#network.crash(isTold)
    this.#tellCrash()
  }

  async close (): Promise<void> {
    this.#network.server = undefined
    await this.#app?.close()
  }
}
