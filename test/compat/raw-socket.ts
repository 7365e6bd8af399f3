import type { Test } from 'tap'
import type WebSocket from 'ws'
import { until } from '../helpers/until.js'

/** A socket, and everything it gets. */
export class RawSocket {
  readonly socket: WebSocket
  readonly received: any[] = []
  /** the status of a refused handshake */
  refused: number | undefined
  code: number | undefined

  constructor (t: Test, socket: WebSocket) {
    this.socket = socket
    t.teardown(() => { socket.terminate() })
    socket.on('message', data => { this.received.push(JSON.parse(String(data))) })
    socket.on('error', () => {})
    socket.on('unexpected-response', (_request, response) => {
      this.refused = response.statusCode
      socket.terminate()
    })
    socket.on('close', code => { this.code = code })
  }

  send (message: object | string): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  }

  /** Resolves with its next message, which it takes. */
  async next (): Promise<any> {
    await until(() => this.received.length > 0 || this.code !== undefined)
    if (this.received.length === 0) throw new Error(`The socket was closed with ${this.code}`)
    return this.received.shift()
  }

  /** Its next message must be this one. */
  async gets (expected: object): Promise<void> {
    const message = await this.next()
    if (JSON.stringify(message) !== JSON.stringify(expected)) throw new Error(`expected ${JSON.stringify(expected)}, received ${JSON.stringify(message)}`)
  }

  /** @returns the code with which it is closed */
  async closed (): Promise<number> {
    await until(() => this.code !== undefined)
    return this.code as number
  }

  async leave (): Promise<void> {
    this.socket.close()
    await this.closed()
  }
}
