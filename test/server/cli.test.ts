import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { needs } from '../helpers/needs.js'
import { freePort, RedisServer, until } from '../helpers/redis-server.js'
import { ServerProcess, runServer, temporaryDirectory, type Exit } from '../helpers/server-process.js'

/** One sentence on stderr that matches, nothing like a stack, and exit 1. */
function refused (t: Test, { code, stderr }: Exit, pattern: RegExp): void {
  t.equal(code, 1)
  t.match(stderr, pattern)
  t.match(stderr, /^signalbox: [^\n]+\n$/, 'one line')
}

t.test('--help lists the flags, --version the version', async t => {
  const help = await runServer(t, ['--help'])
  t.equal(help.code, 0)
  t.match(help.stdout, /^Usage: signalbox [^]*--port <number> +PORT [^]*--max-wait/)
  const version = await runServer(t, ['--version'])
  t.equal(version.code, 0)
  t.match(version.stdout, /^\d+\.\d+\.\d+\n$/)
})

t.test('a bad flag or variable is reported in one sentence', async t => {
  refused(t, await runServer(t, ['--prot', '80']), /'--prot'/)
  refused(t, await runServer(t, [], { PORT: 'http' }), /PORT expected .* received "http"/)
})

t.test('a port in use is reported in one sentence', async t => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(() => { other.close() })
  const { port } = other.address() as AddressInfo
  refused(t, await runServer(t, ['--store=memory:', '--host=127.0.0.1', `--port=${port}`]), new RegExp(`port ${port} is in use`))
})

t.test('an address that the machine does not have is reported in one sentence', async t => {
  refused(t, await runServer(t, ['--store=memory:', '--host=192.0.2.1', '--port=0']), /no address 192\.0\.2\.1; choose another --host/)
})

t.test('an unwritable directory is reported in one sentence', async t => {
  const file = join(await temporaryDirectory(t), 'file')
  await writeFile(file, '')
  refused(t, await runServer(t, ['--port=0', `--store=lmdb:${file}/data`]), /store in '.*' cannot be opened/)
})

t.test('a directory that another server has open is reported in one sentence, and the other server continues', async t => {
  const directory = await temporaryDirectory(t)
  const first = await ServerProcess.start(t, [`--store=lmdb:${directory}`])
  refused(t, await runServer(t, ['--port=0', `--store=lmdb:${directory}`]), /process \d+ has it open/)
  t.equal((await fetch(`${first.url}/health/ready`)).status, 200)
})

t.test('an unreachable Redis is reported in one sentence, without its password', async t => {
  const exit = await runServer(t, ['--port=0', '--store=redis://user:secret@127.0.0.1:1'])
  refused(t, exit, /Redis at 127\.0\.0\.1:1 does not respond: connect ECONNREFUSED/)
  t.notMatch(exit.stdout + exit.stderr, /secret/)
})

t.test('a Redis that refuses the password, or lacks the database, is reported in one sentence', { skip: needs('redis-server') }, async t => {
  const redis = await RedisServer.start(t)
  await redis.cli('config', 'set', 'requirepass', 's3cret')
  const at = (rest: string) => runServer(t, ['--port=0', `--store=redis://${rest}`])
  const host = `127.0.0.1:${redis.port}`
  for (const login of ['', ':wrong@']) refused(t, await at(login + host), /Redis at 127\.0\.0\.1:\d+ rejected the user or password/)
  refused(t, await at(`:s3cret@${host}/99`), /Redis has no database 99/)
  await redis.cli('-a', 's3cret', 'acl', 'setuser', 'half', 'on', '>half', '~*', '&*', '+@all', '-ping')
  refused(t, await at(`half:half@${host}`), /Redis at 127\.0\.0\.1:\d+ replied: NOPERM/)
})

t.test('a Redis that is still loading is reported in one sentence', { skip: needs('redis-server') }, async t => {
  const redis = await RedisServer.start(t, ['--enable-debug-command', 'yes', '--key-load-delay', '5000', '--loading-process-events-interval-bytes', '1024'])
  await redis.cli('debug', 'populate', '20000', 'key', '600')
  // Not waited for: it takes longer than the test.
  redis.cli('debug', 'reload').catch(() => {})
  await until(async () => (await redis.cli('ping')).startsWith('LOADING'))
  refused(t, await runServer(t, ['--port=0', `--store=${redis.url}`]), /Redis at 127\.0\.0\.1:\d+ replied: LOADING/)
})

t.test('a Cluster that cannot be reached, is none, refuses the password, or was never set up, is reported in one sentence', { skip: needs('redis-server') }, async t => {
  const at = (nodes: string) => runServer(t, ['--port=0', `--store=redis+cluster://${nodes}`])
  refused(t, await at('127.0.0.1:1'), /Redis at 127\.0\.0\.1:1 does not respond: /)
  const single = await RedisServer.start(t)
  refused(t, await at(`127.0.0.1:${single.port}`), /replied: ERR This instance has cluster support disabled/)
  await single.cli('config', 'set', 'requirepass', 's3cret')
  for (const login of ['', ':wrong@']) refused(t, await at(`${login}127.0.0.1:${single.port}`), /rejected the user or password/)
  const unassigned = await RedisServer.start(t, ['--cluster-enabled', 'yes', '--cluster-port', String(await freePort())])
  refused(t, await at(`127.0.0.1:${unassigned.port}`), /does not respond: No (?:master of the Cluster is known|connection)\. Start it/)
})

t.test('with port 0, the log names the real port', async t => {
  const server = await ServerProcess.start(t, ['--store=memory:'])
  t.match(server.url, /^http:\/\/localhost:[1-9]\d+$/)
  t.equal((await fetch(`${server.url}/health/live`)).status, 200)
})

t.test('the durable store is the default', async t => {
  const server = await ServerProcess.start(t)
  t.match(server.logs, /boxes in lmdb/)
  const created = await fetch(`${server.url}/boxes`, { method: 'POST' })
  t.equal(created.status, 201)
  t.equal((await server.kill()).code, 0)
})
