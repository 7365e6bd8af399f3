import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { Network } from './network.js'
import { Violation, type World } from './world.js'

/** How long after a request the network may repeat it, in ms. */
const LATEST_REPEAT = 60_000

/**
 * A `fetch` over the simulated network, by Node's own HTTP client. While there are faults, the network now and then
 * delivers a request that may be repeated a second time, at once or much later.
 */
export function fetchOver (world: World, network: Network): typeof fetch {
  const random = world.random.fork()
  return async (input): Promise<Response> => {
    const request = input as Request
    const body = request.body === null ? undefined : Buffer.from(await request.arrayBuffer())
    request.signal.throwIfAborted()
    if (network.isFaulty && body !== undefined && mayBeRepeated(request) && random.chance(0.05)) repeatLater(request, body)
    return await new Promise((resolve, reject) => {
      const sent = send(network, request, body)
      const abort = (): void => {
        sent.destroy()
        reject(request.signal.reason)
      }
      request.signal.addEventListener('abort', abort)
      const end = (): void => { request.signal.removeEventListener('abort', abort) }
      sent.once('error', cause => {
        end()
        reject(new TypeError('fetch failed', { cause }))
      })
      sent.once('response', response => {
        if (response.statusCode === 500) world.fail(new Violation('the server had an error of its own'))
        const empty = response.statusCode === 204
        const stream = bodyOf(response, request.signal, end)
        resolve(new Response(empty ? null : stream, { status: response.statusCode as number, headers: headersOf(response) }))
      })
    })
  }

  function repeatLater (request: Request, body: Buffer): void {
    world.later(random.skewed(LATEST_REPEAT), 'repeat', () => {
      const sent = send(network, request, body)
      sent.once('error', () => {})
      sent.once('response', response => { response.on('error', () => {}).resume() })
    })
  }
}

/** Whether it then has the effect of one. */
function mayBeRepeated ({ method, headers }: Request): boolean {
  return method !== 'POST' || headers.has('idempotency-key')
}

function send (network: Network, { url, method, headers }: Request, body: Buffer | undefined): ReturnType<typeof httpRequest> {
  const { pathname, search, host } = new URL(url)
  return httpRequest({
    createConnection: () => network.connect(),
    host,
    method,
    path: pathname + search,
    headers: { ...Object.fromEntries(headers), ...body !== undefined && { 'content-length': body.length } }
  }).end(body)
}

function headersOf ({ headers }: IncomingMessage): Array<[string, string]> {
  return Object.entries(headers).map(([name, value]) => [name, String(value)])
}

function bodyOf (response: IncomingMessage, signal: AbortSignal, end: () => void): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start (controller) {
      let isOver = false
      const finish = (how: () => void) => () => {
        if (isOver) return
        isOver = true
        end()
        how()
      }
      response.on('data', (chunk: Buffer) => { if (!isOver) controller.enqueue(new Uint8Array(chunk)) })
      response.once('end', finish(() => { controller.close() }))
      const fail = finish(() => { controller.error(signal.aborted ? signal.reason : new TypeError('terminated')) })
      response.once('error', fail)
      response.once('close', fail)
    },
    cancel () {
      end()
      response.destroy()
    }
  })
}
