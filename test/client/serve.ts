import Fastify from 'fastify'
import type { Test } from 'tap'
import { parseAddress } from '../../clients/typescript/src/address.js'
import { Box, type BoxOptions } from '../../clients/typescript/src/box.js'
import { defaultTimings, type Timings } from '../../clients/typescript/src/retry.js'
import { boxPlugin, type BoxPluginOptions } from '../../src/index.js'

/**
 * A real server on loopback.
 * @returns its origin, and a `fetch` that calls it without a network, for what is only to prepare a test
 */
export async function serve (t: Test, options: BoxPluginOptions = {}): Promise<{ url: string, local: typeof fetch }> {
  // fetch may hold a connection that it has not used yet, and closing would wait for its first request.
  const app = Fastify({ forceCloseConnections: true })
  await app.register(boxPlugin, { rateLimit: false, docs: false, ...options })
  t.teardown(() => app.close())
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const local = async (input: RequestInfo | URL): Promise<Response> => {
    const request = input as Request
    const { statusCode, payload, headers } = await app.inject({
      method: request.method as 'GET',
      url: request.url.slice(url.length),
      headers: Object.fromEntries(request.headers),
      ...(request.body === null ? {} : { payload: await request.text() })
    })
    return new Response(payload, { status: statusCode, headers: { 'Content-Type': String(headers['content-type']) } })
  }
  return { url, local }
}

/** Waits that are short enough for a thousand failures. */
export const quick: Timings = { ...defaultTimings, minDelay: 1, maxDelay: 8, acknowledgeInterval: 1 }

/** A box whose client is quick, reached by another way where `server` is given. */
export function openQuick (t: Test, link: string, { server, timings = {}, ...options }: BoxOptions & { timings?: Partial<Timings> } = {}): Box {
  const { id } = parseAddress(link)
  const address = parseAddress(server === undefined ? link : id, server)
  const box = Box.withTimings(address, options, { ...quick, ...timings })
  t.teardown(() => { box.close() })
  return box
}

/** Takes the next `count` messages in a loop over a box, or over its `messages()`, and leaves it at the last. */
export async function take<T> (source: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = []
  for await (const message of source) {
    taken.push(message)
    if (taken.length === count) break
  }
  return taken
}

/** The same, done with the last one, too. */
export async function takeAll (box: Box, count: number): Promise<unknown[]> {
  const taken: unknown[] = []
  for await (const { seq, data } of box.messages()) {
    taken.push(data)
    if (taken.length < count) continue
    await box.acknowledge(seq)
    break
  }
  return taken
}
