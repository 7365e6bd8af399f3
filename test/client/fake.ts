import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import type { Box, BoxOptions } from '../../clients/typescript/src/index.js'
import type { Timings } from '../../clients/typescript/src/retry.js'
import { openQuick } from './serve.js'

export const boxLink = `http://server.test/prefix/boxes/box_${'b'.repeat(32)}`

export interface Call {
  /** the method and the path below the box */
  operation: string
  request: Request
  body: string
}

/** A box whose server is a function from calls to answers. */
export function fakeBox (t: Test, answer: (call: Call, count: number) => Response | Promise<Response>, timings: Partial<Timings> = {}, options: BoxOptions = {}) {
  const calls: Call[] = []
  const fetch = async (input: RequestInfo | URL): Promise<Response> => {
    const request = input as Request
    const call = { operation: `${request.method} ${request.url.replace(boxLink, '')}`, request, body: await request.clone().text() }
    calls.push(call)
    return await untilAborted(request.signal, answer(call, calls.length - 1))
  }
  const box: Box = openQuick(t, boxLink, { fetch, timings, ...options })
  return { box, calls, operations: () => calls.map(({ operation }) => operation) }
}

async function untilAborted<T> (signal: AbortSignal, work: T | Promise<T>): Promise<T> {
  signal.throwIfAborted()
  return await Promise.race([work, new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => { reject(signal.reason) })
  })])
}

export const json = (body: unknown, init?: ResponseInit) => new Response(JSON.stringify(body), {
  ...init, headers: { 'Content-Type': 'application/json', ...init?.headers }
})

export const problem = (status: number, code: string, headers: Record<string, string> = {}) =>
  json({ type: 'about:blank', title: '', status, detail: `detail of ${code}`, code }, { status, headers })

export const event = (seq: number, data: unknown = seq) => `id: ${seq}\ndata: ${JSON.stringify(data)}\n\n`

/** An event stream of these chunks, which ends after the last one, or stays open where told. */
export function eventStream (chunks: string[], { open = false, gap = 0 } = {}): Response {
  async function * generate () {
    for (const chunk of chunks) {
      yield new TextEncoder().encode(chunk)
      if (gap > 0) await sleep(gap)
    }
    if (open) await new Promise(() => {})
  }
  const rest = generate()
  const body = new ReadableStream<Uint8Array>({
    async pull (controller) {
      const { done, value } = await rest.next()
      if (done) controller.close()
      else controller.enqueue(value)
    }
  })
  return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } })
}

export const never = () => new Promise<never>(() => {})

export const isStream = ({ request }: Call) => request.headers.get('Accept') === 'text/event-stream'
export const isAck = ({ request }: Call) => request.method === 'PUT'
