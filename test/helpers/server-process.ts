import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

interface Teardown {
  teardown: (end: () => unknown) => void
}

export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** The server as its users run it: a process of its own, gone with the test. */
export class ServerProcess {
  /** where it listens */
  readonly url: string
  readonly #child: ChildProcess
  readonly #exit: Promise<Exit>
  readonly #output: Output

  private constructor (child: ChildProcess, exit: Promise<Exit>, output: Output, url: string) {
    this.#child = child
    this.#exit = exit
    this.#output = output
    this.url = url
  }

  /**
   * Starts it on a free port in a fresh directory, which is where it keeps its boxes if the flags
   * do not say otherwise, and resolves once it is ready. Of the test's environment it sees PATH.
   */
  static async start (t: Teardown, flags: readonly string[] = [], environment: Record<string, string> = {}): Promise<ServerProcess> {
    const { child, exit, output } = await launch(t, ['--port=0', ...flags], environment)
    const url = await Promise.race([output.match(/is ready on (https?:\/\/[^",\s]+)/), exit.then(({ code, stderr }) => {
      throw new Error(`The server ended with ${code}: ${stderr}`)
    })])
    return new ServerProcess(child, exit, output, url)
  }

  get pid (): number {
    return this.#child.pid as number
  }

  /** Everything it wrote so far. */
  get logs (): string {
    return this.#output.stdout + this.#output.stderr
  }

  /** Resolves once it wrote what matches. @returns the first group */
  async logged (pattern: RegExp): Promise<string> {
    return await this.#output.match(pattern)
  }

  signal (signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Resolves when it is gone, by a signal or by itself. */
  async exited (): Promise<Exit> {
    return await this.#exit
  }

  async kill (signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    this.signal(signal)
    return await this.#exit
  }
}

/** Runs the command until it ends by itself. */
export async function runServer (t: Teardown, flags: readonly string[], environment: Record<string, string> = {}): Promise<Exit> {
  const { exit } = await launch(t, flags, environment)
  return await exit
}

export async function temporaryDirectory (t: Teardown): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'signalbox-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  return directory
}

class Output {
  stdout = ''
  stderr = ''
  #wake: () => void = () => {}

  add (stream: 'stdout' | 'stderr', text: string): void {
    this[stream] += text
    this.#wake()
  }

  async match (pattern: RegExp): Promise<string> {
    for (;;) {
      const found = pattern.exec(this.stdout + this.stderr)
      if (found !== null) return found[1] ?? ''
      await new Promise<void>(resolve => { this.#wake = resolve })
    }
  }
}

/** Starts the command. */
export async function launch (t: Teardown, flags: readonly string[], environment: Record<string, string>) {
  const cli = await (compiled ??= compile())
  const child = spawn(process.execPath, [cli, ...flags], {
    cwd: await temporaryDirectory(t),
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const output = new Output()
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => { output.add(stream, text) })
  }
  const exit = once(child, 'close').then(([code, signal]) => ({ code, signal, stdout: output.stdout, stderr: output.stderr }))
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exit
  })
  return { child, exit, output }
}

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
let compiled: Promise<string> | undefined

/**
 * The sources as they are now, in JavaScript, so that no test runs yesterday's build, and so
 * that the server starts as fast as its users' does. Below the root, where its packages are found.
 * @returns the command
 */
async function compile (): Promise<string> {
  await mkdir(join(root, '.tap'), { recursive: true })
  const directory = await mkdtemp(join(root, '.tap/server-'))
  process.once('exit', () => { rmSync(directory, { recursive: true, force: true }) })
  await build({
    entryPoints: ['src/*.ts', ...['box', 'compat', 'host', 'http', 'server', 'store'].map(layer => `src/${layer}/**/*.ts`)],
    absWorkingDir: root,
    outbase: 'src',
    outdir: join(directory, 'dist'),
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'warning'
  })
  await writeFile(join(directory, 'package.json'), await readFile(join(root, 'package.json')))
  return join(directory, 'dist/server/cli.js')
}
