import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Test } from 'tap'

/** What the programs say by themselves, as test/clients/README.md lists it. */
export interface CallEvent {
  event: 'peer' | 'data' | 'track' | 'refused' | 'closed' | 'end'
  /** the call */
  name: string
  peer?: string
  code?: string | null
  text?: string
  kind?: string
}

/** A program that plays any number of calls, in any language. */
export interface Program {
  /** Rejects with the error's code. */
  call (call: string, args: { name: string } & Record<string, unknown>): Promise<Record<string, any>>
  /** All that it has said about a call. */
  events (name: string): CallEvent[]
  /** The next event of a call that is like this, or one that has come before. */
  event (name: string, like: Partial<CallEvent>): Promise<CallEvent>
}

interface Command { command: string, args: string[], options: { cwd: string, env?: Record<string, string> } }

/** The programs that scripts/test-clients.js has built, by their language. */
export const commands: Record<string, Command> = JSON.parse(process.env['SIGNALBOX_CALL_RUNNERS'] ?? '{}')

/** ms; the slowest step is a browser's first connection on a busy machine */
const PATIENCE = 30_000

/** What has been said about each call, and who waits for more of it. */
export class Said {
  readonly #calls = new Map<string, CallEvent[]>()
  #waiting: Array<() => void> = []

  add (event: CallEvent): void {
    this.of(event.name).push(event)
    for (const look of this.#waiting.splice(0)) look()
  }

  of (name: string): CallEvent[] {
    const said = this.#calls.get(name) ?? []
    this.#calls.set(name, said)
    return said
  }

  async next (name: string, like: Partial<CallEvent>): Promise<CallEvent> {
    const end = Date.now() + PATIENCE
    for (;;) {
      const found = this.of(name).find(event => Object.entries(like).every(([member, value]) => event[member as keyof CallEvent] === value))
      if (found !== undefined) return found
      const patience = end - Date.now()
      if (patience <= 0) throw new Error(`no ${JSON.stringify(like)} in ${JSON.stringify(this.of(name))}`)
      let timer: ReturnType<typeof setTimeout> | undefined
      await new Promise<void>(resolve => {
        this.#waiting.push(resolve)
        timer = setTimeout(resolve, patience)
      })
      clearTimeout(timer)
    }
  }
}

/** Starts a language's program, which ends with the test. */
export function start (t: Test, { command, args, options }: Command): Program {
  const child = spawn(command, args, { ...options, stdio: ['pipe', 'pipe', 'inherit'] })
  const said = new Said()
  const asked = new Map<number, { resolve: (answer: Record<string, unknown>) => void, reject: (error: Error) => void }>()
  let over: Error | undefined
  const fail = (error: Error) => {
    over ??= error
    for (const { reject } of asked.values()) reject(over)
    asked.clear()
  }
  child.on('error', fail)
  child.on('exit', code => { fail(new Error(`the program ended with ${code}`)) })
  // A program that has ended does not read; `exit` says so.
  child.stdin.on('error', () => {})
  createInterface({ input: child.stdout }).on('line', line => {
    if (!line.startsWith('{')) return
    const { id, answer, error, ...event } = JSON.parse(line)
    if (id === undefined) return said.add(event)
    const waiting = asked.get(id)
    asked.delete(id)
    if (error === undefined) waiting?.resolve(answer)
    else waiting?.reject(new Error(error))
  })
  t.teardown(async () => {
    child.stdin.end()
    const timer = setTimeout(() => { child.kill('SIGKILL') }, 10_000)
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    clearTimeout(timer)
  })
  let count = 0
  return {
    async call (call, args) {
      if (over !== undefined) throw over
      const id = ++count
      return await new Promise((resolve, reject) => {
        asked.set(id, { resolve, reject })
        child.stdin.write(JSON.stringify({ id, call, args }) + '\n')
      })
    },
    events: name => said.of(name),
    event: async (name, like) => await said.next(name, like)
  }
}
