import { once } from 'node:events'
import net, { type AddressInfo, type Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { outgoingOf } from '../../src/http/outgoing-of.js'
import { memoryStore } from '../../src/store/memory.js'
import { build, jsonText, type TestBox } from '../helpers/build.js'
import { closed } from '../helpers/closed.js'

export const MIB = 1024 * 1024
/** More than the kernel takes for a client that reads nothing. */
export const MESSAGE = `"${'m'.repeat(6 * MIB)}"`
export const LIMITS = { perAddress: 16 * MIB, total: 16 * MIB, stallTimeout: 60 }

/** A server with boxes of up to 8 MiB, whose store can be held up. */
export async function setUp (t: Test, { limits = LIMITS, http2 = false } = {}) {
  const store = memoryStore()
  const drain = store.drain.bind(store)
  const held = { drains: 0, go: () => {} }
  store.drain = async (...args) => {
    held.drains++
    await gate
    return await drain(...args)
  }
  let gate: Promise<void> | undefined
  const { app, createBox } = await build(t, {
    store, limits, maxMessageBytes: 8 * MIB, maxBoxBytes: 8 * MIB, maxStoreBytes: 1024 * MIB, server: { trustProxy: true, bodyLimit: 8 * MIB, ...(http2 ? { http2 } : {}) } as object
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const full = async (): Promise<TestBox> => {
    const box = await createBox()
    await app.inject({ method: 'POST', url: box.messages, ...jsonText(MESSAGE) })
    return box
  }
  /** Lets drains wait in the store, as they wait for a round trip, until `go` is called. */
  const hold = (): void => { gate = new Promise(resolve => { held.go = resolve }) }
  return { app, store, port: portOf(app), outgoing: outgoingOf(app), createBox, full, held, hold }
}

export function portOf (app: FastifyInstance): number {
  return (app.server.address() as AddressInfo).port
}

/** Sends requests over a connection of its own and reads nothing. */
export async function send (t: Test, port: number, ...requests: string[]): Promise<Socket> {
  const socket = net.connect(port, '127.0.0.1')
  t.teardown(() => { socket.destroy() })
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.pause()
  socket.write(requests.join(''))
  return socket
}

export function request (method: string, path: string, headers: Record<string, string> = {}): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${path} HTTP/1.1\r\nhost: x\r\n${lines.join('')}\r\n`
}

/** Sends one request, and reads all of the response. */
export async function receive (t: Test, port: number, method: string, path: string, headers: Record<string, string> = {}): Promise<string> {
  return await rest(await send(t, port, request(method, path, { connection: 'close', ...headers })))
}

export async function rest (socket: Socket): Promise<string> {
  const chunks: Buffer[] = []
  socket.on('data', chunk => { chunks.push(chunk) })
  socket.resume()
  await closed(socket)
  return Buffer.concat(chunks).toString('latin1')
}

export const stream = (box: TestBox): string => request('GET', box.messages, { accept: 'text/event-stream' })
