import type { Server } from 'node:http'
import type { Random } from './random.js'
import { SimulatedSocket, type Signal } from './socket.js'
import type { World } from './world.js'

/** How a connection ends before its time. */
interface Fate {
  /** after so many bytes in either direction */
  after: number
  /** whether the ends are told, as after a reset; otherwise all is silent from then on */
  isTold: boolean
}

interface Piece {
  piece: Signal
  arrived: () => void
}

/** The direction from one end of a connection to the other. */
interface Lane {
  name: string
  /** what is on its way */
  pieces: Piece[]
  receiver: () => SimulatedSocket | undefined
  /** when the last piece arrives; none overtakes another */
  until: number
}

/**
 * The network between the clients and the server. What is written arrives in pieces of any size, each after a time of
 * its own, and in order. While there are faults, a connection may be refused, be cut at any byte, or fall silent.
 */
export class Network {
  /** whether anything goes wrong from now on */
  isFaulty = true
  server: Server | undefined
  readonly #world: World
  readonly #random: Random
  readonly #open = new Set<Connection>()
  #blackoutUntil = 0
  #connections = 0

  constructor (world: World) {
    this.#world = world
    this.#random = world.random.fork()
  }

  get open (): number {
    return this.#open.size
  }

  /** @returns the client's end of a new connection */
  connect (): SimulatedSocket {
    const connection = new Connection(this.#world, this.#random, `c${++this.#connections}`, this.#fate(), () => { this.#open.delete(connection) })
    const { client, name } = connection
    this.#world.later(connection.begin(), `${name} connects`, () => {
      const { server } = this
      if (this.#isBlackout) return
      if (server === undefined || (this.isFaulty && this.#random.chance(0.03))) {
        client.destroy(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }))
      } else if (!client.destroyed) {
        this.#open.add(connection)
        server.emit('connection', connection.accept())
      }
    })
    return client
  }

  /** For so many ms nothing gets through, and the connections of before are dead. */
  blackOut (ms: number): void {
    this.#blackoutUntil = this.#world.elapsed + ms
    for (const connection of this.#open) connection.silence()
  }

  /** The server is gone with its memory. @param isTold whether its machine lives and says so */
  crash (isTold: boolean): void {
    this.server = undefined
    for (const connection of [...this.#open]) connection.lose(isTold)
  }

  /** Ends all faults to come. Whoever is on a silent connection must find out alone. */
  heal (): void {
    this.isFaulty = false
    this.#blackoutUntil = 0
    for (const connection of [...this.#open]) connection.heal()
  }

  /** Node's HTTP server would end those whose request never became complete, but by real time. */
  endSilent (): void {
    for (const connection of [...this.#open]) if (connection.isSilent) connection.lose(false)
  }

  get #isBlackout (): boolean {
    return this.#world.elapsed < this.#blackoutUntil
  }

  #fate (): Fate {
    if (!this.isFaulty || this.#random.chance(0.6)) return { after: Infinity, isTold: true }
    return { after: this.#random.skewed(3000), isTold: this.#random.chance(0.7) }
  }
}

class Connection {
  readonly client: SimulatedSocket
  #server: SimulatedSocket | undefined
  readonly #up: Lane
  readonly #down: Lane
  isSilent = false
  #bytes = 0

  constructor (readonly world: World, readonly random: Random, readonly name: string, readonly fate: Fate, readonly onClose: () => void) {
    this.#up = { name: 'up', pieces: [], receiver: () => this.#server, until: 0 }
    this.#down = { name: 'down', pieces: [], receiver: () => this.client, until: 0 }
    this.client = new SimulatedSocket((signal, taken) => { this.#send(this.#up, signal, taken) }, '192.0.2.2')
    this.client.on('error', () => {})
  }

  /** @returns how long it takes to reach the server, in ms; what the client writes arrives later than that */
  begin (): number {
    const delay = this.random.skewed(40)
    this.#up.until = this.world.elapsed + delay + 1
    return delay
  }

  /** @returns the server's end */
  accept (): SimulatedSocket {
    const server = this.#server = new SimulatedSocket((signal, taken) => { this.#send(this.#down, signal, taken) }, '192.0.2.3')
    server.on('error', () => {})
    server.once('close', this.onClose)
    return server
  }

  /** Cuts the connection now if it would fail later. */
  heal (): void {
    if (!this.isSilent && this.fate.after !== Infinity) this.reset()
  }

  silence (): void {
    this.isSilent = true
  }

  /** Both ends learn that it is over. */
  reset (): void {
    this.isSilent = true
    this.client.receive('reset')
    this.#server?.receive('reset')
  }

  /** The server's end is no more. @param isTold whether the client learns of it */
  lose (isTold: boolean): void {
    this.isSilent = true
    this.#server?.receive('reset')
    if (isTold) this.world.later(this.random.skewed(100), `${this.name} lost`, () => { this.client.receive('reset') })
  }

  #send (lane: Lane, signal: Signal, taken: () => void): void {
    const pieces = typeof signal === 'string' ? [signal] : chop(signal, this.random)
    for (const [i, piece] of pieces.entries()) {
      lane.pieces.push({ piece, arrived: i === pieces.length - 1 ? taken : () => {} })
      lane.until = Math.max(lane.until, this.world.elapsed + this.#delay())
      // Of two steps at the same time, either may come first, so each takes whatever is next.
      this.world.later(lane.until - this.world.elapsed, `${this.name} ${lane.name}`, () => { this.#arrive(lane) })
    }
  }

  #arrive (lane: Lane): void {
    const { piece, arrived } = lane.pieces.shift() as Piece
    if (this.isSilent) return
    const size = typeof piece === 'string' ? 0 : piece.length
    this.world.note(`${this.name} ${lane.name} ${typeof piece === 'string' ? piece : size}`)
    const left = this.fate.after - this.#bytes
    this.#bytes += size
    if (size < left) {
      lane.receiver()?.receive(piece)
      arrived()
      return
    }
    // The last bytes that get through.
    if (typeof piece !== 'string') lane.receiver()?.receive(piece.subarray(0, Math.max(0, left)))
    if (this.fate.isTold) this.reset()
    else this.silence()
  }

  #delay (): number {
    if (this.fate.after !== Infinity && this.random.chance(0.01)) return this.random.skewed(20_000)
    return this.random.skewed(40)
  }
}

/** Cuts into pieces, mostly a few. */
function chop (bytes: Buffer, random: Random): Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0; at < bytes.length;) {
    const length = random.chance(0.7) ? bytes.length : random.skewed(bytes.length)
    pieces.push(Buffer.from(bytes.subarray(at, at += length)))
  }
  return pieces
}
