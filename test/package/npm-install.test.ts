import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { root } from '../helpers/consumer.js'

const run = promisify(execFile)
const QUIET = ['--prefer-offline', '--no-audit', '--no-fund']

const { optionalDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { optionalDependencies: Record<string, string> }
const optional = Object.keys(optionalDependencies)

const reachable = await run('npm', ['view', 'fastify', 'version', '--fetch-retries=0']).then(() => true, () => false)
const skip = reachable || process.env['SIGNALBOX_TEST_ALL'] === '1' ? false : 'no registry answers'

/** An empty folder in which somebody installs the package from its tarball. */
async function install (t: Test, source: string, ...flags: string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-install-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'package.json'), '{"private":true,"type":"module"}')
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: source })
  await run('npm', ['install', ...QUIET, ...flags, `./${JSON.parse(stdout)[0].filename}`], { cwd: folder })
  const size = Number((await run('du', ['-sk', join(folder, 'node_modules')])).stdout.split('\t', 1)[0])
  t.comment(`${(await packages(folder)).length} packages, ${(size / 1000).toFixed(1)} MB`)
  return folder
}

/** The names of all that is installed. */
async function packages (folder: string): Promise<string[]> {
  const { packages } = JSON.parse(await readFile(join(folder, 'node_modules/.package-lock.json'), 'utf8'))
  return Object.keys(packages).map(path => path.slice('node_modules/'.length)).sort()
}

/** What a program prints that somebody writes in this folder. */
async function program (folder: string, code: string): Promise<string[]> {
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], { cwd: folder })
  return stdout.trim().split('\n')
}

/** The server's first answer, and the end of it. */
async function serves (t: Test, folder: string): Promise<void> {
  const server = spawn(process.execPath, ['node_modules/.bin/signalbox', '--port=0'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => { server.kill('SIGKILL') })
  const exit = once(server, 'exit')
  for await (const line of createInterface({ input: server.stdout })) {
    const [, url] = /is ready on (http:[\w.:/]+), boxes in lmdb/.exec(line) ?? []
    if (url === undefined) continue
    t.equal((await fetch(`${url}/boxes`, { method: 'POST' })).status, 201)
    t.equal((await fetch(`${url}/docs/`)).status, 200)
    break
  }
  server.kill('SIGTERM')
  t.same(await exit, [0, null])
}

t.test('the client comes with its one dependency', { skip }, async t => {
  const folder = await install(t, join(root, 'clients/typescript'))
  t.same(await packages(folder), ['openapi-fetch', 'openapi-typescript-helpers', 'signalbox-client'])
})

t.test('without its optional packages, the plugin works, and each missing part is reported in one sentence', { skip }, async t => {
  const folder = await install(t, root, '--omit=optional')
  const there = await packages(folder)
  t.same(optional.filter(name => there.includes(name)), [])
  const files = await readdir(join(folder, 'node_modules'), { recursive: true })
  t.same(files.filter(name => name.endsWith('.node')), [], 'no native module')

  const said = await program(folder, `
    import Fastify from 'fastify'
    import { boxPlugin, lmdbStore, memoryStore } from 'fastify-signalbox'
    const logger = { level: 'warn', stream: { write: line => { console.log('log:', JSON.parse(line).msg) } } }
    const app = Fastify({ logger })
    await app.register(boxPlugin, { store: memoryStore() })
    console.log((await app.inject({ method: 'POST', url: '/boxes' })).statusCode)
    await app.close()
    await lmdbStore({ path: 'boxes' }).catch(error => { console.log(error.message) })
    await Fastify().register(boxPlugin, { docs: '/docs' }).then(() => {}, error => { console.log(error.message) })`)
  const missing = 'boxPlugin: Swagger UI needs the package @fastify/swagger-ui 5: npm install @fastify/swagger-ui, or set docs to false'
  t.same(said, [`log: ${missing}`, '201', 'The LMDB store needs the package lmdb 3: npm install lmdb@3', missing])

  const bin = join(folder, 'node_modules/.bin/signalbox')
  t.match((await run(bin, ['--help'])).stdout, /^Usage: signalbox/)
  await t.rejects(run(bin, []), { code: 1, stderr: /^signalbox: The server needs the package [\w@/-]+ \d+: npm install --include=optional\n$/ })

  await run('npm', ['install', ...QUIET, '--include=optional'], { cwd: folder })
  await serves(t, folder)
})

t.test('a normal install has everything the server needs', { skip }, async t => {
  const folder = await install(t, root)
  const there = await packages(folder)
  t.same(optional.filter(name => !there.includes(name)), [])
  await serves(t, folder)
})
