import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { join } from 'node:path'
import type { Test } from 'tap'
import { root } from '../helpers/consumer.js'
import { patience } from '../helpers/patience.js'
import { until } from '../helpers/redis-server.js'
import { temporaryDirectory } from '../helpers/server-process.js'
import { services } from './compose.js'
import { loopback, ownNetwork, type Place } from './place.js'
import { PublishedPort } from './published-port.js'

export const SECRET = 'a secret of this test'

interface Ask {
  method?: string
  /** one of this machine's addresses */
  from?: string
  headers?: Record<string, string>
  body?: string
  signal?: AbortSignal
}

interface Response {
  status: number | undefined
  headers: IncomingMessage['headers']
  text: string
}

/** A container of signalbox. Unless it was stopped, it is started again when it ends, as the engine does it. */
class Server {
  /** the way from Caddy to it */
  readonly port: PublishedPort
  readonly #url: string
  readonly #run: () => ChildProcess
  #child!: ChildProcess
  #stopped = true
  #restart: NodeJS.Timeout | undefined
  #ended: Promise<void> | undefined

  constructor (port: PublishedPort, url: string, run: () => ChildProcess) {
    this.port = port
    this.#url = url
    this.#run = run
  }

  async start (): Promise<void> {
    await this.#ended
    await this.port.open()
    this.#stopped = false
    this.#child = this.#run().once('exit', () => {
      this.#ended = this.port.close()
      if (!this.#stopped) this.#restart = setTimeout(() => { void this.start() }, 100)
    })
  }

  /** As a crash or the kernel does it. */
  crash (): void {
    this.#child.kill('SIGKILL')
  }

  /** As an update does it. @returns its exit code */
  async stop (): Promise<number | null> {
    this.#stopped = true
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    const [code] = await exited
    await this.#ended
    return code
  }

  /** It hangs, without an end. */
  hang (): void {
    this.#child.kill('SIGSTOP')
  }

  /** Whether it would pass the image's health check. */
  async isReady (): Promise<boolean> {
    return (await fetch(`${this.#url}/health/ready`)).ok
  }

  /** The test is over. */
  abandon (): void {
    this.#stopped = true
    clearTimeout(this.#restart)
  }
}

/** What a compose file of deploy/ starts, without containers, gone with the test. */
export class Site {
  /** everything that was written so far */
  log = ''
  readonly place: Place
  readonly servers: Server[] = []
  readonly #t: Test
  readonly #directory: string

  private constructor (t: Test, directory: string, place: Place) {
    this.#t = t
    this.#directory = directory
    this.place = place
  }

  /** @param alone whether this is run by network.sh */
  static async start (t: Test, alone: boolean, file: string): Promise<Site> {
    const directory = await temporaryDirectory(t)
    const place = alone ? ownNetwork() : await loopback(directory)
    const { caddy, coturn, valkey, ...others } = await services(file, { DOMAIN: place.domain, SECRET, ...(!place.own && { PUBLIC_ADDRESS: '127.0.0.1' }) })
    const site = new Site(t, directory, place)
    if (valkey !== undefined) await site.#runValkey(valkey.command!.slice(1))
    for (const { environment } of Object.values(others)) await site.#runServer(environment)
    site.run('caddy', ['run', '--config', join(place.deploy, 'Caddyfile'), '--adapter', 'caddyfile'],
      { ...place.here(caddy!.environment), XDG_DATA_HOME: directory, XDG_CONFIG_HOME: join(directory, 'config') })
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

  async #runValkey (options: string[]): Promise<void> {
    const { address, port } = this.place.valkey
    const directory = join(this.#directory, 'valkey')
    await mkdir(directory)
    this.run('redis-server', [...options, '--bind', address, '--port', String(port), '--dir', directory])
  }

  async #runServer (settings: Record<string, string>): Promise<void> {
    const { gateway } = this.place
    const container = this.place.containers[this.servers.length]!
    const port = new PublishedPort(this.#t, { ...container, gateway })
    // The image sets what the compose file does not.
    const environment = { STORE: `lmdb:${this.#directory}/boxes`, ...this.place.here(settings), HOST: container.address, PORT: String(container.port), PEERJS: '/peerjs' }
    const server: Server = new Server(port, `http://${container.address}:${container.port}`, () => {
      const child = this.run(process.execPath, [join(root, 'dist/server/cli.js')], environment)
      // What was added last is done first: before the child is killed, so that it is not started again.
      this.#t.teardown(() => { server.abandon() })
      return child
    })
    this.servers.push(server)
    await server.start()
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
  async open (path: string, { method = 'GET', from = this.place.clients[0], headers = {}, body = '', signal }: Ask = {}): Promise<IncomingMessage> {
    const outgoing = request({
      host: this.place.domain,
      port: this.place.ports.https,
      path,
      method,
      headers: { 'content-length': body.length, ...headers },
      localAddress: from,
      family: 4,
      agent: false,
      ...(signal && { signal }),
      ca: await this.authority()
    }).end(body)
    const [response] = await once(outgoing, 'response') as [IncomingMessage]
    return response
  }

  async ask (path: string, options: Ask = {}): Promise<Response> {
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
