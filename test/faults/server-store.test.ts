import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import t from 'tap'
import { needs } from '../helpers/needs.js'
import { RedisServer, until } from '../helpers/redis-server.js'
import { ServerProcess, temporaryDirectory } from '../helpers/server-process.js'

const post = (url: string): Promise<Response> => fetch(`${url}/boxes`, { method: 'POST' })

t.test('a failing disk ends the server: no 2xx, one line with the reason, exit 1', { skip: needs('strace') }, async t => {
  const server = await ServerProcess.start(t, [`--store=lmdb:${await temporaryDirectory(t)}`])
  t.equal((await post(server.url)).status, 201)

  const strace = spawn('strace', ['-f', '-p', String(server.pid), '-o', '/dev/null', '-e', 'trace=fdatasync', '-e', 'inject=fdatasync:error=EIO'], { stdio: ['ignore', 'ignore', 'pipe'] })
  t.teardown(() => { strace.kill() })
  await once(createInterface(strace.stderr), 'line')

  const answer = await post(server.url)
  t.equal(answer.status, 503)
  t.equal((await answer.json()).code, 'BOX_ERR_STORE')
  const exit = await server.exited()
  t.same([exit.code, exit.signal], [1, null])
  t.match(exit.stdout, /"level":60,.*"The server must stop"/)
})

t.test('several servers on one Redis serve the same boxes', { skip: needs('redis-server') }, async t => {
  const redis = await RedisServer.start(t)
  const [one, other] = await Promise.all([1, 2].map(() => ServerProcess.start(t, [`--store=${redis.url}`])))
  const { data: box, drop } = await (await post(one!.url)).json()
  const held = fetch(`${one!.url}/boxes/${box}/messages?wait=20`)
  await fetch(`${other!.url}/boxes/${drop}/messages`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '"hello"' })
  t.same((await (await held).json()).data, ['hello'], 'stored through one, told by the other')
  t.match(await (await fetch(`${other!.url}/metrics`)).text(), /signalbox_store_operation_seconds_count\{store="redis",operation="append",outcome="ok"\} 1/)
  t.same([(await one!.kill()).code, (await other!.kill()).code], [0, 0])
})

t.test('while Redis is down, the server is not ready; it recovers on its own', { skip: needs('redis-server') }, async t => {
  const redis = await RedisServer.start(t)
  const server = await ServerProcess.start(t, [`--store=${redis.url}`])
  const status = async (path: string): Promise<number> => (await fetch(server.url + path)).status
  t.equal(await status('/health/ready'), 200)
  await redis.kill()
  const refused = await post(server.url)
  t.equal(refused.status, 503)
  t.ok(Number(refused.headers.get('retry-after')) > 0)
  t.equal(await status('/health/ready'), 503)
  t.equal(await status('/health/live'), 200)
  await redis.run()
  await until(async () => await status('/health/ready') === 200)
  t.equal((await post(server.url)).status, 201)
  await redis.kill()
  t.equal((await server.kill()).code, 0, 'and it ends while Redis is away')
})
