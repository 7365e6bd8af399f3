import { Socket } from 'node:net'

/** What an end of a connection tells the other. */
export type Signal = Buffer | 'end' | 'reset'

/**
 * An end of a simulated connection. It is a `Socket` in all that Node's HTTP and the server ask of it, but has no
 * descriptor: what is written goes to `deliver`.
 */
export class SimulatedSocket extends Socket {
  readonly #deliver: (signal: Signal, taken: () => void) => void
  #isEnded = false

  /** @param deliver takes what is to arrive at the other end, and calls back when it has left */
  constructor (deliver: (signal: Signal, taken: () => void) => void, address: string) {
    super({ allowHalfOpen: true })
    this.#deliver = deliver
    for (const [name, value] of Object.entries({ remoteAddress: address, localAddress: '192.0.2.1', remotePort: 1, bytesRead: 0 })) {
      Object.defineProperty(this, name, { value, writable: true })
    }
  }

  /** Something has arrived from the other end. */
  receive (signal: Signal): void {
    if (this.destroyed) return
    if (signal === 'reset') this.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }))
    else if (signal === 'end') this.push(null)
    else {
      Object.defineProperty(this, 'bytesRead', { value: this.bytesRead + signal.length, writable: true })
      this.push(signal)
    }
  }

  override _read (): void {}

  override _write (chunk: Buffer | string, encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.#deliver(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk, done)
  }

  override _writev (chunks: Array<{ chunk: Buffer | string, encoding: BufferEncoding }>, done: (error?: Error) => void): void {
    this.#deliver(Buffer.concat(chunks.map(({ chunk, encoding }) => typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk)), done)
  }

  override _final (done: (error?: Error) => void): void {
    this.#isEnded = true
    this.#deliver('end', done)
  }

  override _destroy (error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.#isEnded) this.#deliver('reset', () => {})
    super._destroy(error, done)
  }

  override resetAndDestroy (): this {
    this.#isEnded = true
    this.#deliver('reset', () => {})
    return this.destroy()
  }

  // Node would measure this in real time.
  override setTimeout (): this { return this }
}
