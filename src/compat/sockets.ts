import type { FastifyReply, FastifyRequest } from 'fastify'
import type { WebSocket } from 'ws'
import type { Kind, Limiter } from '../http/rate-limit.js'
import { endSocket } from './websocket.js'

/** What serves the client of an open socket. */
export interface Served {
  /** Ends the socket, as the server ends. */
  shutDown: () => void
  /** Called when the socket is closed. Resolves once nothing of it is left to do. */
  closed: (isShuttingDown: boolean) => Promise<void>
}

/** The limits of the client address that opened a socket. */
export interface Account {
  /** whose limits a box counts against */
  holder: string | undefined
  /** counts a box that is created. @throws RateError */
  creates: () => Promise<void>
  /** counts a message. @throws RateError */
  stores: () => Promise<void>
}

interface Opening {
  /** Called if the address has as many sockets as it may have. */
  refuse: () => void
  /** Must listen to the socket before it waits for anything, or would miss messages. @returns undefined if it has ended the socket */
  serve: (account: Account) => Served | undefined
}

/** The open sockets of an endpoint. */
export class Sockets {
  readonly #limiter: Limiter
  readonly #onError: (error: unknown) => void
  readonly #open = new Map<Served, Promise<void>>()
  #isShuttingDown = false

  constructor (limiter: Limiter, onError: (error: unknown) => void) {
    this.#limiter = limiter
    this.#onError = onError
  }

  /** Refuses a handshake of an address that has as many sockets as it may have. @throws RateError */
  check (request: FastifyRequest): void {
    this.#limiter.enter(request)()
  }

  add (socket: WebSocket, request: FastifyRequest, { refuse, serve }: Opening): void {
    // With the host's own plugin, they would go to the host's handler, which may not expect them.
    socket.on('error', () => {})
    if (this.#isShuttingDown) return endSocket(socket, 1001, 'Shutting down')
    let leave: () => void
    try {
      leave = this.#limiter.enter(request)
    } catch {
      return refuse()
    }
    const count = (kind: Kind) => () => this.#limiter.count(kind, request, NO_REPLY)
    const served = serve({ holder: this.#limiter.holder(request), creates: count('creates'), stores: count('stores') })
    if (served === undefined) return leave()
    const closed = new Promise<void>(resolve => { socket.once('close', resolve) })
      .then(() => served.closed(this.#isShuttingDown))
      .catch(this.#onError)
      .finally(() => {
        leave()
        this.#open.delete(served)
      })
    this.#open.set(served, closed)
  }

  /** Resolves when all are closed, and takes no more. */
  async endAll (): Promise<void> {
    this.#isShuttingDown = true
    for (const served of this.#open.keys()) served.shutDown()
    await Promise.all(this.#open.values())
  }
}

/** An open socket has no reply that could tell its limits. */
const NO_REPLY = { headers: () => NO_REPLY, header: () => NO_REPLY } as unknown as FastifyReply
