import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { lines } from './lines.js'

/** ms; the longest that a scenario waits is a second, but until a runner has said something it may still be starting. */
const PATIENCE = 30_000
const START = 180_000

/** A runner that is up: `call` sends it one command and gives its result. What it says by itself are events. */
export class Runner {
  #child
  #events
  #waiting = new Map()
  #id = 0
  #started = false

  /** @param events `said` takes what it says by itself, and `ended` the error with which it ends */
  constructor ({ command, args, options }, events = { said () {}, ended () {} }) {
    this.#events = events
    this.#child = spawn(command, args, { ...options, stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child.on('exit', code => { this.#fail(new Error(`the runner ended with ${code}`)) })
    this.#child.on('error', error => { this.#fail(error) })
    // A runner that has ended does not read; `exit` says so.
    this.#child.stdin.on('error', () => {})
    void this.#listen()
  }

  async #listen () {
    for await (const line of lines(this.#child.stdout)) {
      if (!line.startsWith('{')) continue
      this.#started = true
      const { id, ...result } = JSON.parse(line)
      if (id === undefined) {
        this.#events.said(result)
        continue
      }
      this.#waiting.get(id)?.resolve(result)
      this.#waiting.delete(id)
    }
  }

  call (asked) {
    const id = ++this.#id
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => { reject(new Error(`no answer to ${JSON.stringify(asked)}`)) }, this.#started ? PATIENCE : START)
      this.#waiting.set(id, { resolve: result => { clearTimeout(timer); resolve(result) }, reject: error => { clearTimeout(timer); reject(error) } })
      this.#child.stdin.write(JSON.stringify({ id, ...asked }) + '\n')
    })
  }

  async end () {
    this.#child.stdin.end()
    const timer = setTimeout(() => { this.#child.kill('SIGKILL') }, PATIENCE)
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit')
    clearTimeout(timer)
  }

  #fail (error) {
    this.#events.ended(error)
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
