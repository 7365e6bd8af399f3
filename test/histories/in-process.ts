import Fastify from 'fastify'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { systemClock, type Clock } from '../../src/box/clock.js'
import { createBoxPlugin } from '../../src/plugin.js'
import type { Store } from '../../src/store/store.js'
import type { Served } from './client.js'
import type { EventLine, History } from './history.js'
import { MAX_MESSAGES } from './run.js'

/** A server in this process, so that a test has its store and its clock in hand. */
export async function serve (t: Test, name: string, store: Store, clock: Clock = systemClock): Promise<Served> {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(createBoxPlugin({ clock }), { store, rateLimit: false, docs: false, maxMessages: MAX_MESSAGES })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { name, url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}` }
}

/** A clock that stands still until it is turned, so that the history knows what it said. */
export class TurnedClock implements Clock {
  readonly #server: string
  #time: number

  constructor (server: string, time: number) {
    this.#server = server
    this.#time = time
  }

  now (): number {
    return this.#time
  }

  /** Notes what it says from the start. */
  begin (history: History): void {
    history.note({ event: 'turn', server: this.#server, time: this.#time, call: 0, return: 0 })
  }

  /** @param seconds how far; back where negative */
  async turn (history: History, seconds: number): Promise<void> {
    const time = this.#time + seconds * 1000
    await history.happens<EventLine & { event: 'turn' }>({ event: 'turn', server: this.#server, time }, () => { this.#time = time })
  }
}
