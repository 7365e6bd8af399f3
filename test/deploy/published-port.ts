import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'

interface PublishedPortOptions {
  /** on loopback */
  published: number
  /** of the container */
  address: string
  port: number
  /** the address of the container's network from which connections come */
  gateway: string
}

/** What a container engine does for `ports`: whoever connects comes from the gateway of the container's network. */
export class PublishedPort {
  /** how many connections were cut at once, while the server was away */
  refused = 0
  /** what went to the server so far */
  passed = ''
  #answers = true
  #away = false
  readonly #to: PublishedPortOptions
  readonly #sockets = new Set<Socket>()
  readonly #server = createServer(client => { this.#pass(client) })

  constructor (t: Test, to: PublishedPortOptions) {
    this.#to = to
    t.teardown(() => this.close())
  }

  /** The container runs. */
  async open (): Promise<void> {
    await once(this.#server.listen(this.#to.published, '127.0.0.1'), 'listening')
  }

  /** The container has ended. */
  async close (): Promise<void> {
    if (!this.#server.listening) return
    const closed = once(this.#server.close(), 'close')
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  /** Keeps the server's answers to itself. */
  silence (): void {
    this.#answers = false
  }

  /** Loses the server, until `mend`. */
  cut (): void {
    this.#away = true
    for (const socket of this.#sockets) socket.destroy()
  }

  mend (): void {
    this.#away = false
    this.#answers = true
  }

  #pass (client: Socket): void {
    if (this.#away) {
      this.refused++
      client.destroy()
      return
    }
    const { address: host, port, gateway: localAddress } = this.#to
    const server = connect({ host, port, localAddress })
    client.on('data', data => { this.passed += data.toString('latin1') })
    server.on('data', data => { if (this.#answers) client.write(data) })
    client.pipe(server)
    for (const [socket, other] of [[client, server], [server, client]] as const) {
      this.#sockets.add(socket)
      socket.on('error', () => {}).once('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
    }
  }
}
