import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { root } from '../helpers/consumer.js'
import { needs } from '../helpers/needs.js'
import { services } from './compose.js'

const run = promisify(execFile)

interface Port {
  host_ip: string
  published: string
  target: number
}

/** What these tests read of a file, as Compose itself reads it. */
async function composed (file: string, variables: Record<string, string>) {
  const directory = fileURLToPath(new URL('compose', import.meta.url))
  const settings = Object.entries(variables).map(([name, value]) => `${name}=${value}`)
  const { stdout } = await run('go', ['run', '.', join(root, 'deploy', file), ...settings], { cwd: directory, env: { ...process.env, GOWORK: 'off' } })
  return JSON.parse(stdout).services as Record<string, { environment?: object, image: string, command: string[] | null, ports?: Port[], networks?: object }>
}

for (const file of ['compose.yaml', 'compose.several.yaml']) {
  t.test(`${file} says what the tests of the deployment make of it`, { skip: needs('go') }, async t => {
    const variables = { DOMAIN: 'call.example.org', SECRET: 'secret', PUBLIC_ADDRESS: '203.0.113.9' }
    const [expected, actual] = await Promise.all([composed(file, variables), services(file, variables)])
    t.same(Object.keys(actual).sort(), Object.keys(expected).sort())
    for (const [name, { environment = {}, image, command, ports = [] }] of Object.entries(expected)) {
      const published = ports.map(({ host_ip: address, published, target }) => `${address}:${published}:${target}`)
      t.same(actual[name], { ...actual[name], environment, image, ...(command && { command }), ...(ports.length > 0 && { ports: published }) }, name)
    }
  })

  t.test(`${file} asks for what is missing in .env`, { skip: needs('go') }, async t => {
    const error: { stderr?: string } = await composed(file, { DOMAIN: 'call.example.org' }).catch((error: unknown) => error as object)
    t.match(error.stderr, /SECRET.*is missing in \.env/)
  })
}

t.test('with several servers, only these can reach Valkey', { skip: needs('go') }, async t => {
  const all = await composed('compose.several.yaml', { DOMAIN: 'call.example.org', SECRET: 'secret' })
  const members = Object.entries(all).filter(([, { networks = {} }]) => 'store' in networks).map(([name]) => name)
  t.same(members.sort(), ['signalbox', 'signalbox-2', 'valkey'])
  t.equal(all['valkey']!.ports, undefined)
})
