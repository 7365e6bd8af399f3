import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { visit, type Visitor } from '../helpers/call-page.js'
import { launch, needsChromium } from '../helpers/chromium.js'
import { root } from '../helpers/consumer.js'

const skip = await needsChromium()
const text = await readFile(join(root, 'docs/webrtc.md'), 'utf8')
const files = new Map([...text.matchAll(/^```\w+ title="(.*?)"\n([^]*?)^```$/gm)].map(([, name, code]) => [name!, code!]))
const bundle = /^npx esbuild (.*)$/m.exec(text)?.[1]?.split(' ')

/** The folder that a reader of the page ends with. */
async function project (t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-fifteen-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const modules = join(folder, 'node_modules')
  await mkdir(modules)
  for (const name of ['fastify', '@fastify']) await symlink(join(root, 'node_modules', name), join(modules, name))
  await symlink(root, join(modules, 'fastify-signalbox'))
  await symlink(join(root, 'clients/typescript'), join(modules, 'signalbox-client'))
  for (const [name, code] of files) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), code.replace('port: 3000', "host: '127.0.0.1', port: 0"))
  }
  await promisify(execFile)(join(root, 'node_modules/.bin/esbuild'), bundle!, { cwd: folder })
  return folder
}

/** Starts the page's server. @returns its address */
async function start (t: Test, environment: Record<string, string> = {}): Promise<string> {
  const child = spawn(process.execPath, ['server.mjs'], {
    cwd: await project(t), env: { PATH: process.env['PATH'], ...environment }, stdio: ['ignore', 'pipe', 'inherit']
  })
  const exited = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const printed = once(createInterface(child.stdout), 'line')
  const [line] = await Promise.race([printed, exited.then(() => { throw new Error('server.mjs ended without listening') })])
  return line
}

const status = ({ page }: Visitor) => page.locator('p')

/** Waits until the page shows the other side's camera. @returns the code to compare */
async function sees (who: Visitor): Promise<string> {
  await status(who).filter({ hasText: 'Connected' }).waitFor()
  await who.page.waitForFunction(() => {
    const video = document.querySelector('video')!
    return video.videoWidth > 0 && !video.paused
  })
  return /\d{6}$/.exec(String(await status(who).textContent()))![0]
}

t.test('docs/webrtc.md leads from an empty folder to a video call', { skip }, async t => {
  // As browsers come: a page may play sound once the user has touched it, or while it uses the camera.
  const browser = await launch(t, ['--autoplay-policy=document-user-activation-required'])
  const host = await visit(t, browser, `${await start(t)}/`)
  await status(host).filter({ hasText: 'Send this link' }).waitFor()
  const invite = /http\S+/.exec(String(await status(host).textContent()))![0]
  const guest = await visit(t, browser, invite)

  const codes = await Promise.all([host, guest].map(sees))
  t.equal(codes[0], codes[1])
  t.strictSame([host, guest].flatMap(({ problems, foreign }) => [...problems, ...foreign]), [])
})

t.test('with the two variables of docs/webrtc.md, the server offers TURN', async t => {
  const url = await start(t, { TURN_HOST: 'call.example.org', TURN_SECRET: 'secret' })
  const { drop } = await (await fetch(`${url}/signal/boxes`, { method: 'POST' })).json() as { drop: string }
  const answer = await (await fetch(`${url}/signal/boxes/${drop}/ice-servers`)).json()
  t.match(answer, { iceServers: [{ urls: ['stun:call.example.org:3478'] }, { urls: ['turn:call.example.org:3478?transport=udp', 'turn:call.example.org:3478?transport=tcp'], credential: String }] })
})
