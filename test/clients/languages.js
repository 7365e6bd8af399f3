import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { build } from 'esbuild'
import { root, run, tools } from '../../scripts/client-tools.js'
import { lines } from './lines.js'

/**
 * Each language: what it needs, and how its client is installed in an empty folder. All but
 * TypeScript follow the client's README: its files are those shown there, its shell block is
 * run as it is. `prepare` returns the commands for the runner and the README's programs.
 */
export const languages = {
  typescript: { needs: [], prepare: prepareTypeScript },
  python: { needs: ['python3'], prepare: preparePython },
  go: { needs: ['go'], prepare: prepareGo },
  java: { needs: ['java', 'mvn'], prepare: prepareJava },
  rust: { needs: ['cargo'], prepare: prepareRust }
}

async function prepareTypeScript (folder) {
  const outfile = join(folder, 'runner.mjs')
  await build({ entryPoints: [join(import.meta.dirname, 'typescript', 'runner.ts')], bundle: true, platform: 'node', format: 'esm', outfile, logLevel: 'error' })
  return { runner: { command: process.execPath, args: [outfile], options: { cwd: folder } } }
}

async function preparePython (folder) {
  run('python3', ['-m', 'venv', join(folder, 'venv')])
  const env = { ...process.env, PATH: join(folder, 'venv', 'bin') + delimiter + process.env.PATH }
  followReadme('python', folder, env)
  // Typed, with its version, and with more patience than the longest wait.
  run('python', ['-c', 'import signalbox_client as s, importlib.resources as r; assert s.__version__ and (r.files(s) / "py.typed").is_file() and s.Client("").get_httpx_client().timeout.read > 60'], { cwd: folder, env })
  copyFileSync(join(import.meta.dirname, 'python', 'runner.py'), join(folder, 'runner.py'))
  const program = name => ({ command: 'python', args: [name], options: { cwd: folder, env } })
  return { runner: program('runner.py'), example: program('example.py'), stream: program('stream.py') }
}

async function prepareGo (folder) {
  mkdirSync(join(folder, 'runner'))
  copyFileSync(join(import.meta.dirname, 'go', 'main.go'), join(folder, 'runner', 'main.go'))
  followReadme('go', folder, process.env)
  run('go', ['vet', './...'], { cwd: folder })
  run('go', ['build', '-o', join(folder, 'bin') + '/', './...'], { cwd: folder })
  const program = name => ({ command: join(folder, 'bin', name), args: [], options: { cwd: folder } })
  return { runner: program('runner'), example: program('example'), stream: program('stream') }
}

async function prepareJava (folder) {
  const env = { ...process.env, MAVEN_OPTS: `-Dmaven.repo.local=${join(tools, 'm2')} -Dstyle.color=never` }
  followReadme('java', folder, env)
  copyFileSync(join(import.meta.dirname, 'java', 'Runner.java'), join(folder, 'src', 'main', 'java', 'Runner.java'))
  run('mvn', ['--batch-mode', 'compile'], { cwd: folder, env })
  const program = name => ({ command: 'mvn', args: ['--quiet', 'exec:java', `-Dexec.mainClass=${name}`], options: { cwd: folder, env } })
  return { runner: program('Runner'), example: program('Example'), stream: program('Stream') }
}

async function prepareRust (folder) {
  const target = join(tools, 'rust-clients')
  const env = { ...process.env, CARGO_TARGET_DIR: target }
  run('cargo', ['init', '--quiet', '--vcs', 'none', '--name', 'example'], { cwd: folder })
  mkdirSync(join(folder, 'src', 'bin'))
  copyFileSync(join(import.meta.dirname, 'rust', 'runner.rs'), join(folder, 'src', 'bin', 'runner.rs'))
  followReadme('rust', folder, env)
  run('cargo', ['add', '--quiet', 'serde'], { cwd: folder, env })
  run('cargo', ['build', '--quiet'], { cwd: folder, env })
  const program = name => ({ command: join(target, 'debug', name), args: [], options: { cwd: folder } })
  return { runner: program('runner'), example: program('example'), stream: program('stream') }
}

/** Goes through the README beside a copy of the client: makes each file and runs each shell block, in its order. */
function followReadme (language, folder, env) {
  cpSync(join(root, 'generated', language), join(folder, 'generated', language), { recursive: true })
  const readme = readFileSync(join(folder, 'generated', language, 'README.md'), 'utf8')
  for (const [, kind, name, text] of readme.matchAll(/^```(\w+)(?: title="(.+)")?\n([^]*?)^```$/gm)) {
    if (name !== undefined) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    } else if (kind === 'sh') {
      run('sh', ['-e', '-c', text], { cwd: folder, env })
    }
  }
}

/** ms; the longest that a scenario waits is a second, but until a runner has said something it may still be starting. */
const PATIENCE = 30_000
const START = 180_000

/** A runner that is up: `call` sends it one command and gives its result. */
export class Runner {
  #child
  #waiting = new Map()
  #id = 0
  #started = false

  constructor ({ command, args, options }) {
    this.#child = spawn(command, args, { ...options, stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child.on('exit', code => { this.#fail(new Error(`the runner ended with ${code}`)) })
    this.#child.on('error', error => { this.#fail(error) })
    void this.#listen()
  }

  async #listen () {
    for await (const line of lines(this.#child.stdout)) {
      if (!line.startsWith('{')) continue
      this.#started = true
      const { id, ...result } = JSON.parse(line)
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
    if (this.#child.exitCode === null) await once(this.#child, 'exit')
  }

  #fail (error) {
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
