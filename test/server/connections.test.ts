import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { limitConnections, type ConnectionLimits } from '../../src/server/connections.js'
import { prepareListen } from '../../src/server/listen.js'
import { closed } from '../helpers/closed.js'
import { needs } from '../helpers/needs.js'
import { ServerProcess } from '../helpers/server-process.js'

/** Linux answers on all of 127.0.0.0/8; other systems may have only the first. */
const skip = process.platform === 'linux' ? false : 'needs Linux'

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

interface Parts extends Partial<ConnectionLimits> {
  proxies?: string[]
  files?: number
  addresses?: string[]
}

/** A server with these limits, and a way to connect to it. */
async function limited (t: Test, { total = Infinity, perAddress = Infinity, proxies = [], files = Infinity, addresses = ['127.0.0.1'] }: Parts) {
  const lines: string[] = []
  const app = Fastify({ logger: { level: 'warn', stream: { write: line => { lines.push(line) } } } })
  t.teardown(() => app.close())
  limitConnections(app, { total, perAddress, files }, proxies)
  app.get('/', async () => 'ok')
  const port = await prepareListen(app)(addresses, 0)
  return { port, lines, enter: (from: string, to = '127.0.0.1') => enter(t, port, from, to) }
}

/** @returns the connection once it has got an answer, or undefined where it was closed instead */
async function enter (t: Test, port: number, from: string, to: string): Promise<Socket | undefined> {
  const socket = connect({ port, host: to, localAddress: from })
  t.teardown(() => socket.destroy())
  socket.on('error', () => {})
  socket.write(REQUEST)
  const answered = await Promise.race([once(socket, 'data').then(() => true), closed(socket).then(() => false)])
  return answered ? socket : undefined
}

/** Ends the connection, and resolves once there is room for another. */
async function leave (socket: Socket, again: () => Promise<Socket | undefined>): Promise<Socket> {
  socket.destroy()
  for (;;) {
    const next = await again()
    if (next !== undefined) return next
  }
}

t.test('connections beyond the total are closed until others end, and logged in one line', { skip }, async t => {
  const { enter, lines } = await limited(t, { total: 2 })
  const first = await enter('127.0.0.1')
  t.ok(first)
  t.ok(await enter('127.0.0.2'))
  t.notOk(await enter('127.0.0.3'))
  t.notOk(await enter('127.0.0.3'))
  t.ok(await leave(first!, () => enter('127.0.0.3')))
  t.equal(lines.filter(line => line.includes('Too many connections')).length, 1)
})

t.test('the connections of one address leave room for those of others', { skip }, async t => {
  const { enter } = await limited(t, { perAddress: 1 })
  const first = await enter('127.0.0.1')
  t.ok(first)
  t.notOk(await enter('127.0.0.1'))
  t.ok(await enter('127.0.0.2'))
  t.ok(await leave(first!, () => enter('127.0.0.1')))
})

t.test('connections handed over by another listener count too', { skip }, async t => {
  const { enter } = await limited(t, { perAddress: 1, addresses: ['127.0.0.1', '127.0.0.2'] })
  const first = await enter('127.0.0.1', '127.0.0.2')
  t.ok(first)
  t.notOk(await enter('127.0.0.1', '127.0.0.1'))
  t.notOk(await enter('127.0.0.1', '127.0.0.2'))
  t.ok(await leave(first!, () => enter('127.0.0.1', '127.0.0.2')))
})

t.test('connections from a trusted proxy count only toward the total', { skip }, async t => {
  const { enter } = await limited(t, { total: 3, perAddress: 1, proxies: ['127.0.0.9', '127.0.1.0/24', 'fd00::/8'] })
  t.ok(await enter('127.0.0.9'))
  t.ok(await enter('127.0.0.9'))
  t.ok(await enter('127.0.1.7'))
  t.notOk(await enter('127.0.1.7'))
})

t.test('an IPv4 proxy is recognized on an IPv6 socket', { skip }, async t => {
  const { enter } = await limited(t, { perAddress: 1, proxies: ['127.0.0.9'], addresses: ['::'] })
  t.ok(await enter('127.0.0.9'))
  t.ok(await enter('127.0.0.9'))
  t.ok(await enter('127.0.0.1'))
  t.notOk(await enter('127.0.0.1'))
})

t.test('the connection limit leaves files for the store, and the log says so', async t => {
  const { enter, lines } = await limited(t, { total: 4096, files: 129 })
  t.ok(await enter('127.0.0.1'))
  t.notOk(await enter('127.0.0.1'))
  t.match(lines.join(''), /At most 1 connections are accepted, not 4096, since the process may open only 129 files/)
})

t.test('a server that runs out of files survives, and accepts connections again once some are free', { skip: skip || needs('prlimit') }, async t => {
  const server = await ServerProcess.start(t, ['--host=127.0.0.1', '--rate-limit=off'])
  const limitFiles = (soft: number) => spawnSync('prlimit', ['--pid', String(server.pid), `--nofile=${soft}:`])
  limitFiles(40)
  const port = Number(new URL(server.url).port)
  const sockets = Array.from({ length: 100 }, () => connect(port, '127.0.0.1').on('error', () => {}))
  t.teardown(() => { for (const socket of sockets) socket.destroy() })
  await Promise.race(sockets.map(socket => closed(socket)))
  // Longer than anything that the server does by the clock.
  await Promise.race([server.exited(), new Promise(resolve => setTimeout(resolve, 2_500))])
  for (const socket of sockets) socket.destroy()
  const create = async (): Promise<number> => await fetch(`${server.url}/boxes`, { method: 'POST' }).then(({ status }) => status, () => 0)
  const ended = server.exited().then(({ code }) => `ended with ${code}`)
  let status: number | string = 0
  while (typeof status === 'number' && status !== 201) {
    status = await Promise.race([ended, create()])
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  t.equal(status, 201)
})
