import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo, type Server, type Socket } from 'node:net'

/** What the proxy does to one connection. */
export interface Fault {
  /** it is reset at once */
  refused?: boolean
  /** the connection is reset after this many bytes from the server */
  cutAfter?: number
  /** ms by which each chunk from the server comes later */
  delay?: number
}

export interface TcpProxy {
  /** where the proxy listens, as an origin */
  url: string
  /** connections cut at their byte up to now */
  cuts (): number
  /** resets every open connection */
  cut (): void
  /** resets every open connection and accepts no more */
  close (): Promise<void>
}

interface Teardown { teardown (end: () => unknown): void }

/**
 * A TCP proxy in front of a server on loopback, that fails as told.
 * @param target the server's origin
 * @param fault what happens to the n-th connection, counted from 0
 */
export async function tcpProxy (t: Teardown, target: string, fault: (connection: number) => Fault = () => ({})): Promise<TcpProxy> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let connections = 0
  let cuts = 0

  const server = net.createServer(client => {
    const { refused, cutAfter = Infinity, delay = 0 } = fault(connections++)
    if (refused) return resetSocket(client)
    const upstream = net.connect(Number(port), hostname)
    const reset = () => {
      resetSocket(client)
      upstream.destroy()
    }
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', reset)
      socket.on('close', () => { sockets.delete(socket) })
    }
    client.on('close', () => { upstream.destroy() })
    client.pipe(upstream)

    let left = cutAfter
    const pass = (chunk: Buffer) => {
      if (client.destroyed || left < 0) return
      // The reset would overtake the last bytes, so it waits until they are on their way.
      if (chunk.length > left) client.write(chunk.subarray(0, left), () => { cuts++; setImmediate(reset) })
      else client.write(chunk)
      left -= chunk.length
    }
    const later = (work: () => void) => delay > 0 ? setTimeout(work, delay) : work()
    upstream.on('data', chunk => later(() => { pass(chunk) }))
    upstream.on('end', () => later(() => { client.end() }))
  })

  const cut = () => { for (const socket of sockets) resetSocket(socket) }
  return { ...await listen(t, server, cut), cut, cuts: () => cuts }
}

/** Node 20 never closes a socket that is reset while its end is on its way, and spins at exit. */
function resetSocket (socket: Socket): void {
  if (socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}

/** An HTTP proxy that hands an answer on when it has all of it, so that a stream never comes through. */
export async function bufferingProxy (t: Teardown, target: string): Promise<string> {
  const requests = new Set<http.ClientRequest>()
  const server = http.createServer((request, response) => {
    const { method, headers, url } = request
    const upstream = http.request(new URL(url ?? '/', target), { method: method!, headers, agent: false }, async answer => {
      const chunks: Buffer[] = []
      try {
        for await (const chunk of answer) chunks.push(chunk)
      } catch {
        return response.destroy()
      }
      const { 'transfer-encoding': _, ...rest } = answer.headers
      response.writeHead(answer.statusCode ?? 502, rest)
      response.end(Buffer.concat(chunks))
    })
    requests.add(upstream)
    upstream.on('error', () => response.destroy())
    upstream.on('close', () => { requests.delete(upstream) })
    response.on('close', () => upstream.destroy())
    request.pipe(upstream)
  })
  const { url } = await listen(t, server, () => {
    for (const request of requests) request.destroy()
    server.closeAllConnections()
  })
  return url
}

async function listen (t: Teardown, server: Server, cut: () => void) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    if (!server.listening) return
    server.close()
    cut()
    await once(server, 'close')
  }
  t.teardown(close)
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}
