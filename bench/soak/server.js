// The standalone server on LMDB, at a small cap, which is killed, started again and paused.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { freePort, sleep } from '../lib.js'

/** How much the store may hold, in MiB. */
export const CAP = 16

const FLAGS = ['--host', '127.0.0.1', '--rate-limit', 'off', '--log-level', 'fatal', '--max-store-bytes', String(CAP * 2 ** 20)]

/** How long a server may take to start, in ms. */
const START = 60_000

export class Server {
  /** when it last came up, in ms of `performance.now()` */
  upSince = Infinity
  /** times when it was started */
  starts = []
  url
  #flags
  #child
  #onExit

  /**
   * @param {string} dir of its store
   * @param {string[]} node options for Node
   * @param {(text: string) => void} onExit called if it ends by itself
   */
  static async start (dir, node, onExit) {
    const server = new Server()
    const port = await freePort()
    server.url = `http://127.0.0.1:${port}`
    server.#flags = [...node, 'dist/server/cli.js', ...FLAGS, '--port', String(port), '--store', `lmdb:${dir}`]
    server.#onExit = onExit
    await server.#run()
    return server
  }

  /** undefined while it is away */
  get pid () {
    return this.#child?.pid
  }

  /** Whether it was not there at some time since then. */
  wasDownSince (time) {
    return this.upSince >= time
  }

  async restart () {
    await this.kill()
    await this.#run()
  }

  async kill () {
    const child = this.#child
    if (child === undefined) return
    this.upSince = Infinity
    this.#child = undefined
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  async pause (ms) {
    this.#child.kill('SIGSTOP')
    await sleep(ms)
    this.#child.kill('SIGCONT')
  }

  async #run () {
    const child = spawn(process.execPath, this.#flags, { stdio: ['ignore', 'inherit', 'inherit'] })
    this.#child = child
    const end = () => child.kill('SIGKILL')
    process.once('exit', end)
    child.on('exit', (code, signal) => {
      process.off('exit', end)
      if (this.#child === child) this.#onExit(`the server ended by itself with ${code ?? signal}`)
    })
    const latest = performance.now() + START
    this.starts.push(performance.now())
    while (!await fetch(`${this.url}/health/ready`).then(({ ok }) => ok, () => false)) {
      if (performance.now() > latest) throw new Error('The server did not start')
      await sleep(20)
    }
    this.upSince = performance.now()
  }
}
