import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { on, once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

const script = fileURLToPath(new URL('link.py', import.meta.url))
const NAMESPACE = 'far'

/** The server's side of the link. */
export const NEAR = '10.77.0.1'

interface Counts { passed: number, dropped: number }
interface Settings { delay?: number, loss?: number, down?: boolean, rebind?: boolean }

/** A bad network between this one and one that clients are in; see link.py. */
export class Link {
  readonly #child: ChildProcess
  readonly #answers: AsyncIterableIterator<[string]>

  private constructor (child: ChildProcess) {
    this.#child = child
    this.#answers = on(createInterface({ input: child.stdout! }), 'line') as AsyncIterableIterator<[string]>
  }

  static async open (t: Test): Promise<Link> {
    const child = spawn('python3', [script, NAMESPACE], { stdio: ['pipe', 'pipe', 'inherit'] })
    const link = new Link(child)
    t.teardown(async () => {
      child.stdin.end()
      if (child.exitCode === null) await once(child, 'exit')
      execFileSync('ip', ['netns', 'delete', NAMESPACE])
    })
    await link.#answers.next()
    return link
  }

  /** @returns the packets that have been passed and dropped so far */
  async set (settings: Settings): Promise<Counts> {
    this.#child.stdin!.write(`${JSON.stringify(settings)}\n`)
    const { value } = await this.#answers.next()
    return JSON.parse(value[0]) as Counts
  }

  /** Drops all packets, without a word to either side, until it is called again. */
  async down (down: boolean): Promise<void> {
    await this.set({ down })
  }

  /** Starts a Node program on the far side. Each line that it prints is a JSON value. */
  start (t: Test, file: string, ...args: string[]): Program {
    return new Program(t, spawn('ip', ['netns', 'exec', NAMESPACE, process.execPath, file, ...args], { stdio: ['pipe', 'pipe', 'inherit'] }))
  }
}

/** Starts a Node program on this side, as `Link.start` does on the other. */
export function near (t: Test, file: string, ...args: string[]): Program {
  return new Program(t, spawn(process.execPath, [file, ...args], { stdio: ['pipe', 'pipe', 'inherit'] }))
}

/** A program that prints JSON, one value a line. */
export class Program {
  readonly lines: any[] = []
  readonly #exited: Promise<unknown>
  readonly #child: ChildProcess
  #ended = false

  constructor (t: Test, child: ChildProcess) {
    this.#child = child
    createInterface({ input: child.stdout! }).on('line', line => { this.lines.push(JSON.parse(line)) })
    this.#exited = once(child, 'close').finally(() => { this.#ended = true })
    t.teardown(async () => {
      child.kill('SIGKILL')
      await this.#exited
    })
  }

  /** Ends its input, and resolves when it has ended by itself. */
  async end (): Promise<void> {
    this.#child.stdin!.end()
    await this.#exited
  }

  /** Resolves once it has printed what is looked for. */
  async until (found: (lines: any[]) => boolean): Promise<void> {
    while (!found(this.lines)) {
      if (this.#ended) throw new Error(`It has ended: ${JSON.stringify(this.lines.slice(-5))}`)
      await new Promise(resolve => { setTimeout(resolve, 10) })
    }
  }
}
