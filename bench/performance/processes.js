// Programs to measure: how they are found, built, started and ended.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sleep } from '../lib.js'

const cache = fileURLToPath(new URL('../../node_modules/.cache/signalbox-bench', import.meta.url))

/** @returns what a program prints @throws Error that says why there is nothing to measure */
export function output (program, args, options = {}) {
  const { error, status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', ...options })
  if (error?.code === 'ENOENT') throw new Error(`${program} is not installed`)
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${program} ${args[0]}: ${`${stdout}${stderr}`.trim().split('\n').at(-1)}`)
  return `${stdout}${stderr}`.trim()
}

/** Programs that could not be built, which one attempt shows, and why. */
const failed = new Map()

/**
 * The program of a Go module, built once and kept.
 * @param path the program's folder in the module
 */
export function goProgram (source) {
  if (!failed.has(source.name)) {
    try {
      return builtProgram(source)
    } catch (error) {
      console.log(error.message)
      failed.set(source.name, new Error(`${source.module} ${source.version} could not be built`))
    }
  }
  throw failed.get(source.name)
}

function builtProgram ({ module, path = '', version, name }) {
  const folder = join(cache, `${name}-${version}`)
  const program = join(folder, name)
  if (existsSync(program)) return program
  console.log(`Building ${module} ${version}, which takes minutes the first time.`)
  mkdirSync(folder, { recursive: true })
  // A module that requires it, and not `go install`: that also asks the proxy for all versions, which some do not list.
  writeFileSync(join(folder, 'go.mod'), `module bench\n\ngo 1.22\n\nrequire ${module} ${version}\n`)
  output('go', ['build', '-mod=mod', '-o', program, `${module}${path}`], { cwd: folder })
  return program
}

/**
 * Starts a program and waits until it listens at this port or socket file.
 * @param logs whether the program logs every request to stderr: nobody reads that, so that it costs as little as it can
 */
export async function start (program, args, where, { logs = false } = {}) {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', logs ? 'ignore' : 'pipe'] })
  let said = ''
  child.stderr?.on('data', chunk => { said = (said + chunk).slice(-500) })
  const exited = once(child, 'exit')
  for (let tries = 0; ; tries++) {
    if (child.exitCode !== null || tries === 1000) {
      child.kill('SIGKILL')
      throw new Error(`${program} does not listen: ${said}`)
    }
    if (await listens(where)) break
    await sleep(10)
  }
  return {
    url: `http://127.0.0.1:${where}`,
    pid: child.pid,
    async stop () {
      child.kill()
      await exited
    }
  }
}

async function listens (where) {
  const socket = connect(typeof where === 'number' ? { host: '127.0.0.1', port: where } : { path: where })
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** The memory of these processes and their descendants, in bytes. What several share is counted once. */
export async function memoryOf (pids) {
  let kibibytes = 0
  const wanted = new Set(pids)
  const parents = new Map()
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    // A process may end meanwhile.
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => undefined)
    if (stat !== undefined) parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 4).split(' ')[0]))
  }
  for (const pid of parents.keys()) {
    let ancestor = pid
    while (ancestor !== undefined && !wanted.has(ancestor)) ancestor = parents.get(ancestor)
    if (ancestor === undefined) continue
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8')
    kibibytes += Number(/^Pss: +(\d+)/m.exec(rollup)[1])
  }
  return kibibytes * 1024
}
