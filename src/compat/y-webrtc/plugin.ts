import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { systemClock, type Clock } from '../../box/clock.js'
import type { Limiter } from '../../http/rate-limit.js'
import { memoryStore } from '../../store/memory.js'
import { Endpoint } from '../endpoint.js'
import { endSocket } from '../websocket.js'
import { resolveYWebrtcOptions, type YWebrtcPluginOptions } from './options.js'
import { SignalSocket, type SignalSockets } from './signal-socket.js'
import { Topics } from './topics.js'

/** What is no option of the plugin, but differs in tests or on the standalone server. */
interface Internals {
  clock?: Clock
  /** what counts requests, if the plugin does not count alone; its limits are those of the options */
  limiter?: Limiter
  /** how long a socket may be silent, in ms; otherwise as the options say */
  silence?: number
}

export function createYWebrtcPlugin ({ clock = systemClock, limiter, silence }: Internals = {}): FastifyPluginAsync<YWebrtcPluginOptions> {
  return fp(async (app: FastifyInstance, input: YWebrtcPluginOptions) => {
    const { store: given } = input
    // First of all, so that a given store is closed with the app even if the plugin fails.
    if (typeof given?.close === 'function') app.addHook('onClose', async () => { await given.close() })
    const { timeout, box, store = memoryStore() } = resolveYWebrtcOptions(input)
    const shared = new Endpoint({ app, plugin: 'yWebrtcPlugin', protocol: 'y-webrtc', options: box, store, clock, limiter })
    const { service, sockets, onError } = shared
    const endpoint: SignalSockets = {
      topics: new Topics(service),
      maxMessageBytes: box.maxMessageBytes,
      timeout: silence ?? timeout * 1000,
      onError
    }
    await shared.serve(['', '/'], scope => {
      // A client whose handshake is refused waits longer and longer, and not at all after a socket that was open.
      const onRequest = async (request: FastifyRequest): Promise<void> => { sockets.check(request) }
      scope.get('/', { schema: { hide: true }, websocket: true, onRequest }, (socket, request) => {
        sockets.add(socket, request, {
          refuse: () => { endSocket(socket, 1013, 'Too many connections') },
          serve: account => new SignalSocket(endpoint, socket, account)
        })
      })
    })
  }, { name: 'fastify-signalbox-y-webrtc', fastify: '5.x', encapsulate: true })
}

/**
 * An endpoint for unmodified clients of y-webrtc, as a Fastify 5 plugin. It needs `@fastify/websocket`. Its prefix is
 * the path of the URL that clients have in `signaling`. Registration fails with a `TypeError` that names the option if
 * an option is invalid.
 */
export const yWebrtcPlugin = createYWebrtcPlugin()
