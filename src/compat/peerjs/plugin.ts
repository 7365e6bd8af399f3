import { randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { WebSocket } from 'ws'
import { systemClock, type Clock } from '../../box/clock.js'
import type { Limiter } from '../../http/rate-limit.js'
import { memoryStore } from '../../store/memory.js'
import { Endpoint } from '../endpoint.js'
import type { Account } from '../sockets.js'
import { endSocket } from '../websocket.js'
import { resolvePeerjsOptions, type PeerjsPluginOptions } from './options.js'
import { PeerBoxes } from './peer-boxes.js'
import { PeerSocket, type PeerSockets } from './peer-socket.js'
import { errors, errorText, isName } from './protocol.js'
import { Unanswered } from './unanswered.js'

/** An owner's box has one message, and a few more while several sockets take it at a time. */
const OWNER_LIMITS = { maxMessages: 256, maxBoxBytes: 16_384 }

/** What is no option of the plugin, but differs in tests or on the standalone server. */
interface Internals {
  clock?: Clock
  /** what counts requests, if the plugin does not count alone; its limits are those of the options */
  limiter?: Limiter
  /** how long a message waits for its peer, in ms; otherwise as the options say */
  expire?: number
  /** how long a socket may be silent, in ms; otherwise as the options say */
  silence?: number
}

export function createPeerjsPlugin ({ clock = systemClock, limiter, ...times }: Internals = {}): FastifyPluginAsync<PeerjsPluginOptions> {
  return fp(async (app: FastifyInstance, input: PeerjsPluginOptions) => {
    const { store: givenStore } = input
    // First of all, so that a given store is closed with the app even if the plugin fails.
    if (typeof givenStore?.close === 'function') app.addHook('onClose', async () => { await givenStore.close() })
    const { key, discovery, expire, timeout, box, store = memoryStore() } = resolvePeerjsOptions(input)
    const shared = new Endpoint({ app, plugin: 'peerjsPlugin', protocol: 'PeerJS', options: box, store, clock, limiter })
    const { service, sockets, onError } = shared
    const boxes = new PeerBoxes(service, shared.withLimits(OWNER_LIMITS), key, timeout)
    const peers: PeerSockets['peers'] = new Map()
    const endpoint: PeerSockets = {
      boxes,
      onError,
      maxMessageBytes: box.maxMessageBytes,
      peers,
      timeout: times.silence ?? timeout * 1000,
      // The sender may have another socket by now.
      unanswered: new Unanswered(boxes, times.expire ?? expire * 1000, (sender, dst) => { peers.get(sender.id)?.expired(sender, dst) }, onError)
    }

    await shared.serve(['/peerjs'], scope => {
      const hidden = { schema: { hide: true } }
      scope.get('/:key/id', hidden, async (_request, reply) => reply.type('text/plain; charset=utf-8').send(randomUUID()))
      scope.get<{ Params: { key: string } }>('/:key/peers', hidden, async (request, reply) => {
        if (!discovery || request.params.key !== key) return await reply.code(401).type('text/plain; charset=utf-8').send('Unauthorized')
        return [...peers.keys()]
      })
      scope.get('/peerjs', { ...hidden, websocket: true }, (socket, request) => {
        sockets.add(socket, request, {
          refuse: () => { refuse(socket, errors.limit) },
          serve: account => serve(endpoint, key, socket, request, account)
        })
      })
    }, () => { endpoint.unanswered.stop() })
  }, { name: 'fastify-signalbox-peerjs', fastify: '5.x', encapsulate: true })
}

/**
 * An endpoint for unmodified clients of PeerJS, as a Fastify 5 plugin. It needs `@fastify/websocket`. Clients give
 * its prefix as their `path`. Registration fails with a `TypeError` that names the option if an option is invalid.
 */
export const peerjsPlugin = createPeerjsPlugin()

function serve (endpoint: PeerSockets, expected: string, socket: WebSocket, request: FastifyRequest, account: Account): PeerSocket | undefined {
  const { id, token, key } = request.query as Record<string, unknown>
  if (!isName(id) || !isName(token) || !isName(key)) return refuse(socket, errors.parameters)
  if (key !== expected) return refuse(socket, errors.key)
  return new PeerSocket(endpoint, socket, { id, token, account })
}

function refuse (socket: WebSocket, why: string): undefined {
  socket.send(errorText(why))
  endSocket(socket)
}
