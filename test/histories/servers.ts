import type { Test } from 'tap'
import { freePort } from '../helpers/redis-server.js'
import { ServerProcess } from '../helpers/server-process.js'
import type { Served } from './client.js'
import type { EventLine, History } from './history.js'
import { MAX_MESSAGES } from './run.js'

const FLAGS = ['--host=127.0.0.1', '--rate-limit=off', '--log-level=info', `--max-messages=${MAX_MESSAGES}`]

/** A server that starts again on its port, whatever ended it. */
export class Restarting implements Served {
  readonly name: string
  readonly url: string
  readonly #t: Test
  readonly #flags: string[]
  #process: ServerProcess | undefined

  private constructor (t: Test, name: string, port: number, flags: string[]) {
    this.#t = t
    this.name = name
    this.url = `http://127.0.0.1:${port}`
    this.#flags = [...FLAGS, ...flags, `--port=${port}`]
  }

  static async start (t: Test, name: string, flags: string[]): Promise<Restarting> {
    const server = new Restarting(t, name, await freePort(), flags)
    await server.run()
    return server
  }

  async run (): Promise<void> {
    this.#process = await ServerProcess.start(this.#t, this.#flags)
  }

  /** Ends it, and starts it again. */
  async restart (history: History, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    await history.happens<EventLine & { event: 'dead' }>({ event: 'dead', server: this.name }, async () => await this.#process?.kill(signal))
    await this.run()
  }

  signal (signal: NodeJS.Signals): void {
    this.#process?.signal(signal)
  }

  async end (): Promise<void> {
    await this.#process?.kill()
  }
}
