import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

const folder = fileURLToPath(new URL('../../examples/', import.meta.url))

export interface Example {
  /** Resolves once it has printed what matches. @returns the first group */
  printed (pattern: RegExp): Promise<string>
  /** Sends a signal, and resolves with the exit code. */
  kill (signal: NodeJS.Signals): Promise<number | null>
  exited: Promise<number | null>
}

/** Runs an example's program as a user does, on the built packages; it ends with the test. */
export function start (t: Test, program: string, args: string[] = [], environment: Record<string, string> = {}): Example {
  const command = program.endsWith('.sh') ? 'bash' : process.execPath
  const child = spawn(command, [folder + program, ...args], {
    env: { PATH: process.env['PATH'], PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let output = ''
  let wake = () => {}
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      wake()
    })
  }
  const exited = once(child, 'close').then(([code]) => {
    wake()
    return code as number | null
  })
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
  })
  return {
    exited,
    async printed (pattern) {
      for (;;) {
        const found = pattern.exec(output)
        if (found !== null) return found[1] ?? ''
        if (child.exitCode !== null) throw new Error(`${program} ended without printing ${pattern}:\n${output}`)
        await new Promise<void>(resolve => { wake = resolve })
      }
    },
    async kill (signal) {
      child.kill(signal)
      return await exited
    }
  }
}

/** Starts an example's Fastify server. @returns its address, without the last slash */
export async function startServer (t: Test, program: string, environment: Record<string, string> = {}): Promise<string> {
  const address = await start(t, program, [], environment).printed(/Server listening at (http:\/\/[^"\s]+)/)
  return `http://localhost:${new URL(address).port}`
}
