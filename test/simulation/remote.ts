import type { Store } from '../../src/store/store.js'
import type { Random } from './random.js'
import type { World } from './world.js'

/** How long a request or a response may be on its way, in ms. */
const LATENCY = 30

/** One direction of a connection: what is sent arrives later, and in order. */
class Way {
  readonly #world: World
  readonly #random: Random
  readonly #label: string
  readonly #sent: Array<() => void> = []
  #until = 0

  constructor (world: World, label: string) {
    this.#world = world
    this.#random = world.random.fork()
    this.#label = label
  }

  send (arrive: () => void): void {
    this.#sent.push(arrive)
    this.#until = Math.max(this.#until, this.#world.elapsed + this.#random.skewed(LATENCY))
    // Of two steps at the same time, either may come first, so each takes whatever is next.
    this.#world.later(this.#until - this.#world.elapsed, this.#label, () => { this.#sent.shift()?.() })
  }
}

/**
 * A store at the other end of a connection, as Redis is: an operation takes effect some time after it was asked for,
 * and its result arrives some time after that. Word of a change comes on a connection of its own, before the result or
 * after it.
 */
export function remote (world: World, store: Store): Store {
  const requests = new Way(world, 'store asked')
  const responses = new Way(world, 'store responds')
  const changes = new Way(world, 'store tells')

  function ask<T> (work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      requests.send(() => {
        work().then(result => { responses.send(() => { resolve(result) }) }, (error: Error) => { responses.send(() => { reject(error) }) })
      })
    })
  }

  return {
    name: store.name,
    create: (...args) => ask(() => store.create(...args)),
    open: (...args) => ask(() => store.open(...args)),
    append: (...args) => ask(() => store.append(...args)),
    read: (...args) => ask(() => store.read(...args)),
    acknowledge: (...args) => ask(() => store.acknowledge(...args)),
    drain: (...args) => ask(() => store.drain(...args)),
    delete: (...args) => ask(() => store.delete(...args)),
    subscribe: async (drop, listener) => {
      let isOpen = true
      const end = await ask(() => store.subscribe(drop, () => {
        changes.send(() => { if (isOpen) listener() })
      }))
      return () => {
        isOpen = false
        end()
      }
    },
    sweep: (...args) => ask(() => store.sweep(...args)),
    check: () => store.check(),
    // It outlives the server.
    close: async () => {}
  }
}
