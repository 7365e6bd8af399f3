import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { root } from '../helpers/consumer.js'
import { patience } from '../helpers/patience.js'
import { until } from '../helpers/redis-server.js'
import { temporaryDirectory } from '../helpers/server-process.js'

/** Runs the script on a machine where the domain resolves to this IPv4 address, or to none. @returns coturn's settings, and what was written */
async function start (t: Test, address: string, environment: Record<string, string> = {}) {
  const directory = await temporaryDirectory(t)
  const [bin, certificates] = [join(directory, 'bin'), join(directory, 'certificates')]
  await mkdir(bin)
  await mkdir(certificates)
  const programs = { getent: `[ "$1" = ${address.includes(':') ? 'ahostsv6' : 'ahostsv4'} ] && [ -n '${address}' ] || exit 2\necho '${address} STREAM call.example.org'`, turnserver: 'cp "$2" "$SEEN"', sleep: '[ "$1" != 3600 ] || exit 1\nexec /bin/sleep 0.1' }
  for (const [name, body] of Object.entries(programs)) await writeFile(join(bin, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 })
  for (const name of ['call.example.org.crt', 'call.example.org.key']) await writeFile(join(certificates, name), name)
  const seen = join(directory, 'seen')
  const child = spawn('sh', [join(root, 'deploy/turnserver.sh')], {
    env: { PATH: `${bin}:${process.env['PATH']}`, DOMAIN: 'call.example.org', SECRET: 'secret', CERTIFICATES: certificates, TMPDIR: directory, SEEN: seen, ...environment },
    stdio: ['ignore', 'ignore', 'pipe']
  })
  const closed = once(child, 'close')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await closed
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => { said += text })
  return { said: () => said, settings: async () => await readFile(seen, 'utf8').catch(() => '') }
}

const refusal = (address: string): string =>
  `On this machine, call.example.org resolves to ${address}: set PUBLIC_ADDRESS, or correct DNS and /etc/hosts`

t.test('coturn is told the address to which the domain resolves', async t => {
  const { settings } = await start(t, '203.0.113.9')
  await until(async () => (await settings()).includes('external-ip='), patience)
  t.match(await settings(), /^external-ip=203\.0\.113\.9$/m)
  t.match(await settings(), /^static-auth-secret=secret$/m)
})

t.test('it waits if the domain resolves to this machine only, or nowhere', async t => {
  for (const [address, shown] of [['127.0.1.1', '127.0.1.1'], ['::1', '::1'], ['', 'no address']] as const) {
    const { said, settings } = await start(t, address)
    await until(async () => said().split('\n').length > 2, patience)
    t.ok(said().startsWith(`${refusal(shown)}\n`), said())
    t.equal(await settings(), '')
  }
})

t.test('a machine with an IPv6 address only needs no other', async t => {
  const { settings, said } = await start(t, '2001:db8::9')
  await until(async () => (await settings()).includes('pidfile='), patience)
  t.notMatch(await settings(), 'external-ip')
  t.equal(said(), 'call.example.org has no IPv4 address. If this machine has one behind NAT, set PUBLIC_ADDRESS\n')
})

t.test('it takes the address that it is given instead', async t => {
  const { said, settings } = await start(t, '127.0.1.1', { PUBLIC_ADDRESS: '198.51.100.7' })
  await until(async () => (await settings()).includes('external-ip='), patience)
  t.match(await settings(), /^external-ip=198\.51\.100\.7$/m)
  t.equal(said(), '')
})
