import t, { type Test } from 'tap'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, symlink, writeFile, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { errorTable } from '../src/errors.js'
import { optionsSchema } from '../src/options.js'
import { needs } from './helpers/needs.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const readme = await readFile(join(root, 'README.md'), 'utf8')
const run = promisify(execFile)

const blocks = (language: string): string[] =>
  [...readme.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].filter(([, name]) => name === language).map(([, , text]) => text ?? '')

const shell = blocks('bash')
const scripts = blocks('js')

/** The README's own start command, on a free port and a fresh directory; ended with its children. */
async function npmStart (t: Test): Promise<string> {
  const data = await mkdtemp(join(tmpdir(), 'signalbox-readme-'))
  const child = spawn('npm', ['start'], {
    cwd: root, env: { ...process.env, PORT: '0', STORE: `lmdb:${data}` }, stdio: ['ignore', 'pipe', 'inherit'], detached: true
  })
  const exited = once(child, 'exit')
  t.teardown(async () => {
    process.kill(-(child.pid as number), 'SIGTERM')
    await exited
    await rm(data, { recursive: true, force: true })
  })
  for await (const line of createInterface(child.stdout)) {
    const url = /Server listening at (http:\/\/[^"\s]+)/.exec(line)?.[1]
    if (url === undefined) continue
    child.stdout.resume()
    return url
  }
  throw new Error('npm start ended without listening')
}

t.test('the two commands exist in this package', async t => {
  t.same(shell.filter(block => block.startsWith('npm ci')), ['npm ci && npm start\n', 'npm ci && npm test\n'])
  const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  t.hasProps(scripts, ['start', 'test'])
})

t.test('with npm start, every curl command and every script runs, except for the browser\'s', async t => {
  const url = await npmStart(t)

  await t.test('curl', { skip: needs('curl') }, async t => {
    const commands = shell.filter(block => !block.startsWith('npm ci')).join('').replaceAll('http://localhost:8080', url)
    // A stream that is ended by --max-time is exit 28, and all went well.
    const script = commands.replace(/^.*--max-time.*$/m, '$& || [ $? -eq 28 ]')
      .replace(/^curl -s.*$/gm, '$&; printf "\\x1e"')
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', script], { cwd: root })
    const offer = { type: 'offer', sdp: 'v=0' }
    const answer = { type: 'answer', sdp: 'v=0' }
    const answers = stdout.split('\x1e').filter(text => text.startsWith('{')).map(text => JSON.parse(text))
    t.match(answers, [
      { type: 'ack', data: 1, seq: 1 },
      { type: 'ack', data: 2, seq: 2 },
      { type: 'msgs', data: [/^drop_/, offer], next: 2 },
      { type: 'ack', data: 1, seq: 1 },
      { type: 'ack', data: 0 },
      { type: 'msgs', data: [answer], next: 1 },
      { type: 'msgs', data: [answer], next: 1 },
      { type: 'ack', data: 1, seq: 2 },
      { type: 'ack', data: 1 },
      { type: 'msgs', data: ['hello'] }
    ])
    t.equal(answers.length, 10)
    t.ok(stdout.includes('\x1eretry: 1000\n'), 'the stream opened')
    t.match(stdout, /^data: \{"type": ?"bye"\}$/m, 'and has the message')
  })

  await t.test('JavaScript', async t => {
    const dir = await mkdtemp(join(tmpdir(), 'signalbox-readme-'))
    t.teardown(() => rm(dir, { recursive: true, force: true }))
    await mkdir(join(dir, 'node_modules'))
    await symlink(root, join(dir, 'node_modules/fastify-signalbox'))
    await symlink(join(root, 'clients/typescript'), join(dir, 'node_modules/signalbox-client'))
    await symlink(join(root, 'node_modules/fastify'), join(dir, 'node_modules/fastify'))
    t.equal(scripts.length, 5)
    for (const [i, script] of scripts.entries()) {
      const file = join(dir, `block-${i}.mjs`)
      const ending = script.includes('fastify.listen') ? '\nawait fastify.close()\n' : ''
      await writeFile(file, script.replaceAll('http://localhost:8080', url).replace('port: 3000', 'port: 0') + ending)
      const { stdout, stderr } = await run(process.execPath, [file], { cwd: dir })
      t.equal(stderr, '', `block ${i} has no complaint`)
      if (script.includes('Box.create')) t.match(stdout, 'offer')
      if (script.includes('createBoxClient')) t.match(stdout, /^drop_/)
    }
  })
})

t.test('the tables match the code', async t => {
  for (const [name, schema] of Object.entries(optionsSchema.properties)) {
    const value: unknown = schema.default
    const shown = { maxStoreBytes: 'depends on the store', ice: 'none' }[name] ?? (typeof value === 'string' ? `\`"${value}"\`` : String(value))
    t.ok(readme.includes(`| \`${name}\` | ${shown} | ${schema.description} |`), name)
  }
  for (const { code } of errorTable) t.ok(readme.includes(`\`${code}\``), code)
})
