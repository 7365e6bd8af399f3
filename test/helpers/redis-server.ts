import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { BoxError } from '../../src/errors.js'
import type { Appended, Limits, NewMessage, Store } from '../../src/store/store.js'

const run = promisify(execFile)

interface Teardown {
  teardown: (fn: () => Promise<void>) => void
}

/** A real redis-server in a directory of its own, on a free port of this machine, gone with the test. */
export class RedisServer {
  readonly port: number
  readonly #directory: string
  readonly #args: string[]
  #child: ChildProcess | undefined

  private constructor (port: number, directory: string, args: string[]) {
    this.port = port
    this.#directory = directory
    this.#args = args
  }

  static async start (t: Teardown, args: string[] = []): Promise<RedisServer> {
    const directory = await mkdtemp(join(tmpdir(), 'signalbox-redis-'))
    const server = new RedisServer(await freePort(), directory, args)
    t.teardown(async () => {
      await server.kill()
      await rm(directory, { recursive: true, force: true })
    })
    await server.run()
    return server
  }

  get url (): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Starts it, again after a kill, with what the directory holds. */
  async run (): Promise<void> {
    const child = spawn('redis-server', [
      '--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#directory, '--save', '', ...this.#args
    ], { stdio: 'ignore' })
    await once(child, 'spawn')
    this.#child = child
    await until(async () => child.exitCode !== null || await this.cli('ping') === 'PONG')
    if (child.exitCode !== null) throw new Error(`redis-server did not start: exit code ${child.exitCode}`)
  }

  /** SIGKILL, as a crash does it. */
  async kill (): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  pause (): void {
    this.#child?.kill('SIGSTOP')
  }

  resume (): void {
    this.#child?.kill('SIGCONT')
  }

  async cli (...args: string[]): Promise<string> {
    const { stdout } = await run('redis-cli', ['-p', String(this.port), ...args], { timeout: 5_000 })
    return stdout.trim()
  }
}

/** Three masters, each with a replica. */
export async function startCluster (t: Teardown, args: string[] = []): Promise<RedisServer[]> {
  const nodes = await Promise.all(Array.from({ length: 6 }, async () => await RedisServer.start(t, [
    '--cluster-enabled', 'yes', '--cluster-port', String(await freePort()),
    '--cluster-node-timeout', '1000', '--cluster-require-full-coverage', 'no', ...args
  ])))
  await run('redis-cli', ['--cluster', 'create', ...nodes.map(({ port }) => `127.0.0.1:${port}`),
    '--cluster-replicas', '1', '--cluster-yes'], { timeout: 30_000 })
  await until(async () => (await Promise.all(nodes.map(async node => await node.cli('cluster', 'info'))))
    .every(info => info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:6')))
  await until(async () => (await Promise.all(nodes.map(async node => await node.cli('info', 'replication'))))
    .every(info => info.includes('role:master') ? info.includes('connected_slaves:1') : info.includes('master_link_status:up')))
  return nodes
}

/** Resolves once the condition holds; what it throws counts as not yet. */
export async function until (condition: () => Promise<boolean>, within = 20_000): Promise<void> {
  const end = Date.now() + within
  while (!await condition().catch(() => false)) {
    if (Date.now() > end) throw new Error(`not within ${within} ms: ${condition.toString()}`)
    await sleep(50)
  }
}

export async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** What the Redis store expects of a given client. */
export const sendsOnce = { autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0, socketTimeout: 60_000 }

export const limits: Limits = { maxMessages: 1_000_000, maxBoxBytes: 1_000_000_000 }

export function message (text: string, id?: string): NewMessage {
  return { text, bytes: Buffer.byteLength(text), key: id === undefined ? undefined : { id, digest: text } }
}

/** A drop address that a test can say again. */
export function dropAddress (name: string): string {
  return `drop_${createHash('sha256').update(name).digest().subarray(0, 24).toString('base64url')}`
}

/** Appends, again with the same key after every refusal of the store, until it is answered. */
export async function untilStored (store: Store, drop: string, message: NewMessage): Promise<Appended & { retries: number }> {
  for (let retries = 0; ; retries++) {
    try {
      return { ...await store.append(drop, message, Date.now(), limits), retries }
    } catch (error) {
      if ((error as Partial<BoxError>).code !== 'BOX_ERR_STORE') throw error
      await sleep(20)
    }
  }
}
