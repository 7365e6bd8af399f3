import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Test } from 'tap'
import { root } from '../helpers/consumer.js'
import { patience } from '../helpers/patience.js'
import { until } from '../helpers/redis-server.js'
import { temporaryDirectory } from '../helpers/server-process.js'
import { services } from './compose.js'
import { loopback, ownNetwork, type Place } from './place.js'

export const SECRET = 'a secret of this test'

interface Response {
  status: number | undefined
  headers: IncomingMessage['headers']
  text: string
}

/** What deploy/compose.yaml starts, without containers, gone with the test. */
export class OneServer {
  /** everything that was written so far */
  log = ''
  readonly place: Place
  /** the way from Caddy to the server */
  readonly port: PublishedPort
  readonly #t: Test
  readonly #directory: string

  private constructor (t: Test, directory: string, place: Place) {
    this.#t = t
    this.#directory = directory
    this.place = place
    this.port = new PublishedPort(t, place)
  }

  /** @param alone whether this is run by network.sh */
  static async start (t: Test, alone: boolean): Promise<OneServer> {
    const directory = await temporaryDirectory(t)
    const place = alone ? ownNetwork() : await loopback(directory)
    const { signalbox, caddy, coturn } = await services('compose.yaml', { DOMAIN: place.domain, SECRET, ...(!place.own && { PUBLIC_ADDRESS: '127.0.0.1' }) })
    const site = new OneServer(t, directory, place)
    await site.port.listen()
    const { address, port } = place.container
    // The image sets what the compose file does not.
    site.run(process.execPath, [join(root, 'dist/server/cli.js')], {
      ...place.here(signalbox!.environment), HOST: address, PORT: String(port), STORE: `lmdb:${directory}/boxes`, PEERJS: '/peerjs'
    })
    site.run('caddy', ['run', '--config', join(place.deploy, 'Caddyfile'), '--adapter', 'caddyfile'],
      { ...caddy!.environment, XDG_DATA_HOME: directory, XDG_CONFIG_HOME: join(directory, 'config') })
    const temporary = join(directory, 'coturn')
    await mkdir(temporary)
    site.run('sh', [join(place.deploy, 'turnserver.sh')],
      { ...coturn!.environment, CERTIFICATES: join(directory, 'caddy/certificates'), TMPDIR: temporary })
    await until(async () => (await site.ask('/health/ready')).status === 200, patience).catch((error: unknown) => {
      t.comment(site.log)
      throw error
    })
    return site
  }

  /** Starts a program whose output goes to the log. */
  run (program: string, args: string[], environment: Record<string, string> = {}): ChildProcess {
    const child = spawn(program, args, {
      cwd: this.#directory,
      env: { PATH: process.env['PATH'], HOME: this.#directory, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group, for what turnserver.sh leaves in the background.
      detached: true
    })
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => { this.log += text })
    const exited = once(child, 'close')
    this.#t.teardown(async () => {
      try {
        process.kill(-child.pid!, 'SIGKILL')
      } catch {
        // It ended by itself.
      }
      await exited
    })
    return child
  }

  /** The response to a request from this address, as soon as it begins. */
  async open (path: string, { method = 'GET', from = this.place.clients[0], headers = {}, body = '' } = {}): Promise<IncomingMessage> {
    const outgoing = request({
      host: this.place.domain,
      port: this.place.ports.https,
      path,
      method,
      headers: { 'content-length': body.length, ...headers },
      localAddress: from,
      family: 4,
      agent: false,
      ca: await this.authority()
    }).end(body)
    const [response] = await once(outgoing, 'response') as [IncomingMessage]
    return response
  }

  async ask (path: string, options: Parameters<OneServer['open']>[1] = {}): Promise<Response> {
    const response = await this.open(path, options)
    let text = ''
    for await (const chunk of response.setEncoding('utf8')) text += chunk
    return { status: response.statusCode, headers: response.headers, text }
  }

  /** Creates a box. */
  async createBox (): Promise<{ data: string, drop: string }> {
    return JSON.parse((await this.ask('/boxes', { method: 'POST' })).text)
  }

  /** The certificate of Caddy's own authority. */
  async authority (): Promise<string> {
    return await readFile(join(this.#directory, 'caddy/pki/authorities/local/root.crt'), 'utf8')
  }
}

/** What a container engine does for `ports`: whoever connects comes from the gateway of the container's network. */
class PublishedPort {
  /** how many connections were cut at once, while the server was away */
  refused = 0
  /** what went to the server so far */
  passed = ''
  #answers = true
  #away = false
  readonly #place: Place
  readonly #sockets = new Set<Socket>()
  readonly #server = createServer(client => { this.#pass(client) })

  constructor (t: Test, place: Place) {
    this.#place = place
    t.teardown(() => {
      this.#server.close()
      this.cut()
    })
  }

  async listen (): Promise<void> {
    await once(this.#server.listen(this.#place.ports.upstream, '127.0.0.1'), 'listening')
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
    const { address: host, port, gateway: localAddress } = this.#place.container
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
