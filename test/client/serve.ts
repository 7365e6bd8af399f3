import Fastify from 'fastify'
import type { Test } from 'tap'
import { parseAddress } from '../../src/client/address.js'
import { Box, type BoxOptions } from '../../src/client/box.js'
import { defaultTiming, type Timing } from '../../src/client/retry.js'
import { boxPlugin, type BoxPluginOptions } from '../../src/index.js'

/** A real server on loopback. @returns its origin */
export async function serve (t: Test, options: BoxPluginOptions = {}): Promise<string> {
  const app = Fastify()
  await app.register(boxPlugin, { rateLimit: false, docs: false, ...options })
  t.teardown(() => app.close())
  return await app.listen({ host: '127.0.0.1', port: 0 })
}

/** Waits that are short enough for a thousand failures. */
export const quick: Timing = { ...defaultTiming, firstDelay: 1, lastDelay: 8, pace: 1 }

/** A box whose client is quick, reached by another way where `server` is given. */
export function openQuick (t: Test, link: string, { server, timing = {}, ...options }: BoxOptions & { timing?: Partial<Timing> } = {}): Box {
  const { id } = parseAddress(link)
  const address = parseAddress(server === undefined ? link : id, server)
  const box = new Box(address, options, { ...quick, ...timing })
  t.teardown(() => { box.close() })
  return box
}
