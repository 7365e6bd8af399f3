import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, readFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { root } from '../helpers/consumer.js'
import { patience } from '../helpers/patience.js'
import { until } from '../helpers/redis-server.js'
import { ServerProcess } from '../helpers/server-process.js'

// test/nightly/container.ts builds the image and runs it.
const [file, ignored, manifest] = await Promise.all(['deploy/Containerfile', 'deploy/Containerfile.dockerignore', 'package.json']
  .map(async path => await readFile(join(root, path), 'utf8'))) as [string, string, string]
const instructions = file.replaceAll('\\\n', '').split('\n').filter(line => /^[A-Z]/.test(line))
const values = (name: string) => instructions.filter(line => line.startsWith(`${name} `)).map(line => line.slice(name.length + 1).trim())

t.test('the image is built from what the repository has, and the builder is sent nothing else', async t => {
  const sources = values('COPY').filter(value => !value.startsWith('--from')).flatMap(value => value.split(' ').slice(0, -1))
  for (const source of sources) await t.resolves(access(join(root, source)), source)
  const sent = ignored.split('\n').filter(line => line.startsWith('!')).map(line => line.slice(1))
  t.same(sent.filter(path => !sources.includes(path)), [], 'everything that is sent is copied')
  t.same(sources.filter(source => !sent.some(path => source === path || source.startsWith(`${path}/`))), [], 'everything that is copied is sent')
})

t.test('the image runs the command of the package, as a user that is not root', async t => {
  const [program, command] = JSON.parse(values('ENTRYPOINT')[0]!) as [string, string]
  t.equal(program, 'node')
  t.equal(command, JSON.parse(manifest).bin.signalbox.replace('./', ''))
  t.match(values('USER').at(-1), /^[1-9]\d*:[1-9]\d*$/)
})

t.test('the health check tells a server that is ready from one that is not, and from one that hangs', async t => {
  const [, node, args] = /CMD \["(\w+)", (.*)\]$/.exec(values('HEALTHCHECK')[0]!)!
  t.equal(node, 'node')
  const check = async (port: string): Promise<number | null> => {
    const child = spawn(process.execPath, JSON.parse(`[${args}]`), { env: { PORT: port }, stdio: 'ignore' })
    return (await once(child, 'exit') as [number | null])[0]
  }
  const server = await ServerProcess.start(t, ['--store=memory:'])
  const { port } = new URL(server.url)
  // On a busy machine, one check may take too long.
  await until(async () => await check(port) === 0, patience)
  await server.kill()
  t.equal(await check(port), 1)

  const silent = createServer()
  await once(silent.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => { silent.close() })
  t.equal(await check(String((silent.address() as AddressInfo).port)), 1)
})
