import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { needs } from '../helpers/needs.js'
import { ServerProcess } from '../helpers/server-process.js'
import { until } from '../helpers/until.js'

// Attacks by slowhttptest, a Debian package, from one address, while somebody at another uses a box.

const CONNECTIONS = 1_000
/** What the server may use beyond what it had before, in MiB. */
const MEMORY = 128

/** The attacker's address counts as one that may have all these connections, as a proxy's does. */
const AS_A_PROXY = `--rate-limit-connections=${2 * CONNECTIONS}`

interface Attack {
  name: string
  flags: string[]
  /** of slowhttptest */
  options: string[]
  path: (server: ServerProcess) => Promise<string>
  /** how many of its connections the server holds at a time, at least and at most, as it sees it: some are just being closed */
  held: [number, number]
  /** whether the server has ended all of them before the attacker would have */
  cut: boolean
}

const page = async (): Promise<string> => '/'
const script = async (): Promise<string> => `/${(await readdir('dist/web')).find(name => name.endsWith('.js'))!}`
const messages = async (server: ServerProcess): Promise<string> => `/boxes/${(await createBox(server)).drop}/messages`

const slowHeaders = ['-H', '-i', '2', '-l', '120']

const attacks: Attack[] = [
  { name: 'slow headers', flags: [AS_A_PROXY], options: slowHeaders, path: page, held: [CONNECTIONS, CONNECTIONS], cut: true },
  { name: 'slow headers, within the limit for one address', flags: [], options: slowHeaders, path: page, held: [200, 300], cut: true },
  {
    name: 'slow bodies',
    flags: [AS_A_PROXY, '--rate-limit=off'],
    options: ['-B', '-i', '2', '-l', '120', '-s', '8192', '-f', 'application/json'],
    path: messages,
    held: [CONNECTIONS, CONNECTIONS],
    cut: true
  },
  {
    name: 'slow reading of three scripts each',
    flags: [AS_A_PROXY, '--rate-limit=off'],
    options: ['-X', '-l', '60', '-w', '10', '-y', '20', '-n', '5', '-z', '32', '-k', '3'],
    path: script,
    held: [CONNECTIONS, CONNECTIONS],
    cut: false
  },
  { name: 'many ranges of one script', flags: [AS_A_PROXY, '--rate-limit=off'], options: ['-R', '-l', '30', '-a', '5', '-b', '500'], path: script, held: [0, CONNECTIONS], cut: true }
]

t.setTimeout(1_800_000)

for (const { name, flags, options, path, held, cut } of attacks) {
  t.test(`${name}: others are served, places are freed, and memory is bounded`, { skip: needs('slowhttptest') }, async t => {
    const server = await ServerProcess.start(t, ['--host=127.0.0.1', '--store=memory:', ...flags])
    const url = `${server.url}${await path(server)}`
    const box = await createBox(server)
    await useBox(server, box)
    const before = { memory: memoryOf(server), files: filesOf(server) }

    const over = new AbortController()
    const attack = slowhttptest(t, [...options, '-u', url]).finally(() => { over.abort() })
    let rounds = 0
    while (!over.signal.aborted) {
      await useBox(server, box)
      rounds++
      await setTimeout(100)
    }
    const { counts, output } = await attack
    const most = Math.max(...counts.map(({ connected }) => connected))
    t.ok(most >= held[0] && most <= held[1], `the server held ${most} connections at a time`)
    t.equal(output.includes('No open connections left'), cut, cut ? 'the server ended all connections' : 'the attacker kept some')
    t.ok(rounds >= 10, `${rounds} rounds of somebody else`)
    await until(() => filesOf(server) <= before.files)
    const used = memoryOf(server) - before.memory
    t.ok(used < MEMORY, `${Math.round(used)} MiB more`)
    await useBox(server, box)
  })
}

interface Box { data: string, drop: string }

async function createBox (server: ServerProcess): Promise<Box> {
  return JSON.parse(await ask(server, 'POST', '/boxes')) as Box
}

/** Stores a message, and takes it out. */
async function useBox (server: ServerProcess, { data, drop }: Box): Promise<void> {
  await ask(server, 'POST', `/boxes/${drop}/messages`, '"hello"')
  const taken = await ask(server, 'DELETE', `/boxes/${data}/messages`)
  if (!taken.includes('hello')) throw new Error(taken)
}

/** Asks over a new connection from an address that is not the attacker's. */
async function ask (server: ServerProcess, method: string, path: string, body?: string): Promise<string> {
  const asked = request(server.url + path, { method, localAddress: '127.0.0.2', agent: false, headers: body === undefined ? {} : { 'content-type': 'application/json' } })
  asked.end(body)
  const [response] = await once(asked, 'response')
  const answer = await text(response)
  if (response.statusCode >= 300) throw new Error(`${method} ${path}: ${response.statusCode} ${answer}`)
  return answer
}

/** Attacks until the end of the time or of all connections. @returns how many the server held, second by second */
async function slowhttptest (t: Test, options: string[]) {
  const folder = t.testdir()
  const child = spawn('sh', ['-c', 'ulimit -n 4096; exec slowhttptest "$@"', 'sh', '-c', `${CONNECTIONS}`, '-r', '500', '-g', '-o', 'counts', ...options], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill())
  const [output] = await Promise.all([text(child.stdout), once(child, 'close')])
  const [, ...lines] = (await readFile(join(folder, 'counts.csv'), 'utf8')).trim().split('\n')
  return { output, counts: lines.map(line => ({ connected: Number(line.split(',')[3]) })) }
}

/** The most memory that the server has used so far, in MiB. */
function memoryOf ({ pid }: ServerProcess): number {
  return Number(/VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024
}

/** How many files and connections the server has open. */
function filesOf ({ pid }: ServerProcess): number {
  return readdirSync(`/proc/${pid}/fd`).length
}
