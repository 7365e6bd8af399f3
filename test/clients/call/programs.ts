import type { Test } from 'tap'
import { patience } from '../../helpers/patience.js'
import { Runner, type Command } from '../runner.js'

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

/** The programs that scripts/test-clients.js has built, by their language. */
export const commands: Record<string, Command> = JSON.parse(process.env['SIGNALBOX_CALL_RUNNERS'] ?? '{}')

/** What has been said about each call, and who waits for more of it. */
export class Said {
  readonly #calls = new Map<string, CallEvent[]>()
  #waiting: Array<() => void> = []
  #ended: Error | undefined

  add (event: CallEvent): void {
    this.of(event.name).push(event)
    for (const look of this.#waiting.splice(0)) look()
  }

  /** Nothing more will be said. */
  end (error: Error): void {
    this.#ended = error
    for (const look of this.#waiting.splice(0)) look()
  }

  of (name: string): CallEvent[] {
    const said = this.#calls.get(name) ?? []
    this.#calls.set(name, said)
    return said
  }

  async next (name: string, like: Partial<CallEvent>): Promise<CallEvent> {
    const end = Date.now() + patience
    for (;;) {
      const found = this.of(name).find(event => Object.entries(like).every(([member, value]) => event[member as keyof CallEvent] === value))
      if (found !== undefined) return found
      if (this.#ended !== undefined) throw this.#ended
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
export function start (t: Test, command: Command): Program {
  const said = new Said()
  const runner = new Runner(command, { said: event => { said.add(event) }, ended: error => { said.end(error) } })
  t.teardown(() => runner.end())
  return {
    async call (call, args) {
      const { answer, error } = await runner.call({ call, args })
      if (answer === undefined) throw new Error(error)
      return answer
    },
    events: name => said.of(name),
    event: async (name, like) => await said.next(name, like)
  }
}
