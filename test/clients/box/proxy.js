import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'

/**
 * A proxy in front of a server, which fails as told. It knows nothing of HTTP, so that it can fail at any byte.
 * @param {string} target the server's origin
 */
export class FaultyProxy {
  #server
  #target
  #sockets = new Set()
  #fault = () => ({})
  /** since the last `fail` */
  connections = 0
  /** connections that were cut at their byte, since the last `fail` */
  cuts = 0
  /** the bytes that the first connection carried in each direction, since the last `fail` */
  carried = { request: 0, response: 0 }

  constructor (target) {
    this.#target = new URL(target)
    this.#server = net.createServer(client => { this.#connect(client) })
  }

  async listen () {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    this.url = `http://127.0.0.1:${this.#server.address().port}`
    return this
  }

  /**
   * Sets what happens from now on.
   * @param {(connection: number) => { cutRequest?: number, cutResponse?: number, delay?: number }} fault for the n-th
   * connection from now, counted from 0: after how many bytes from the client or from the server it is reset, and by
   * how many ms each chunk from the server comes later
   */
  fail (fault) {
    this.#fault = fault
    this.connections = 0
    this.cuts = 0
    this.carried = { request: 0, response: 0 }
  }

  async close () {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await once(this.#server, 'close')
  }

  #connect (client) {
    const connection = this.connections++
    const { cutRequest, cutResponse, delay = 0 } = this.#fault(connection)
    const carried = connection === 0 ? this.carried : {}
    const upstream = net.connect(Number(this.#target.port), this.#target.hostname)
    const reset = () => {
      client.resetAndDestroy()
      upstream.resetAndDestroy()
    }
    for (const socket of [client, upstream]) socket.setNoDelay()
    this.#keep(client, reset)
    this.#keep(upstream, reset)
    client.on('close', () => { upstream.destroy() })
    client.on('data', this.#passer(upstream, cutRequest, reset, length => { carried.request = length }))
    const toClient = this.#passer(client, cutResponse, reset, length => { carried.response = length })
    const later = work => { delay > 0 ? setTimeout(work, delay) : work() }
    upstream.on('data', chunk => { later(() => { toClient(chunk) }) })
    upstream.on('end', () => { later(() => { client.end() }) })
  }

  /** Passes chunks on, up to the byte at which the connection is reset. */
  #passer (to, cutAfter = Infinity, reset, count) {
    let passed = 0
    return chunk => {
      const left = cutAfter - passed
      if (to.destroyed || left < 0) return
      passed += chunk.length
      count(passed)
      if (chunk.length <= left) return to.write(chunk)
      this.cuts++
      // The reset would overtake the last bytes, so it waits until they are on their way.
      to.write(chunk.subarray(0, left), () => { setImmediate(reset) })
    }
  }

  #keep (socket, onError) {
    this.#sockets.add(socket)
    socket.on('error', onError)
    socket.on('close', () => { this.#sockets.delete(socket) })
  }
}

/**
 * An HTTP proxy that passes requests and responses on in its own way.
 * @param {(response: http.IncomingMessage) => AsyncIterable<Buffer>} [body] makes the body that the client gets
 * @param {number} [times] how often the server gets each request; the client gets the last response
 * @param {(request: http.IncomingMessage) => boolean} [refuses] whether a request is cut off in place of a response
 * @param {boolean} [overtaken] whether each request that changes something is overtaken by its repetition, and by the
 * next such request: the client's connection is reset, and the server gets it when these have been carried out
 */
export async function rewritingProxy (target, { body = response => response, times = 1, refuses = () => false, overtaken = false }) {
  const late = new Map()
  let overtakings = 0
  /** Whether the request is the first of its kind, and kept for later. */
  const isKept = (what, again) => {
    if (!overtaken || late.has(what)) return false
    late.set(what, again)
    return true
  }
  const passLate = async than => {
    for (const [what, again] of late) {
      if (what === than || again === undefined) continue
      late.set(what, undefined)
      await (await again()).toArray()
      overtakings++
    }
  }
  const pass = async (request, content) => {
    const { method, headers, url } = request
    const upstream = http.request(new URL(url, target), { method, headers, agent: false })
    upstream.end(content)
    const [response] = await once(upstream, 'response')
    return response
  }
  const server = http.createServer(async (request, response) => {
    try {
      if (refuses(request)) return response.destroy()
      const content = Buffer.concat(await request.toArray())
      const what = request.headers['idempotency-key'] ?? `${request.method} ${content}`
      if (request.method !== 'GET' && isKept(what, () => pass(request, content))) return response.destroy()
      for (let time = 1; time < times; time++) await (await pass(request, content)).toArray()
      const answer = await pass(request, content)
      if (request.method !== 'GET') await passLate(what)
      response.on('close', () => answer.destroy())
      const { 'transfer-encoding': _, 'content-length': __, ...headers } = answer.headers
      response.writeHead(answer.statusCode, headers)
      for await (const chunk of body(answer)) response.write(chunk)
      response.end()
    } catch {
      response.destroy()
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    get overtakings () { return overtakings },
    async close () {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    }
  }
}

/** Every event of a stream comes twice. */
export async function * repeated (response) {
  const isStream = response.headers['content-type']?.startsWith('text/event-stream')
  let rest = ''
  for await (const chunk of response) {
    if (!isStream) {
      yield chunk
      continue
    }
    // Each on its own, also where several come at once.
    const events = (rest + chunk.toString('latin1')).split('\n\n')
    rest = events.pop()
    for (const event of events) for (let times = 0; times < 2; times++) yield Buffer.from(`${event}\n\n`, 'latin1')
  }
}

/** The body comes when all of it is there, so that a stream never comes through. */
export async function * buffered (response) {
  yield Buffer.concat(await response.toArray())
}

/** Every second JSON answer is an old one: the one before it. A stream never comes through. */
export function outdated () {
  let last
  const body = async function * (response) {
    const isStream = response.headers['content-type']?.startsWith('text/event-stream')
    const content = Buffer.concat(await response.toArray())
    const isPage = !isStream && response.req.method === 'GET'
    yield isPage && last !== undefined ? last : content
    if (!isPage) return
    if (last !== undefined) body.answers++
    last = last === undefined ? content : undefined
  }
  body.answers = 0
  return body
}
