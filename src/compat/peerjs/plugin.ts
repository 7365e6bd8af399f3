import { randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { WebSocket } from 'ws'
import { BoxService } from '../../box/box-service.js'
import { systemClock, type Clock } from '../../box/clock.js'
import { hasCode } from '../../errors.js'
import { prefixOf } from '../../http/base.js'
import { closeIdle } from '../../http/closing.js'
import { refuseCrossSite } from '../../http/cross-site.js'
import { isOutage } from '../../http/outages.js'
import { prepareStore } from '../../http/prepared-store.js'
import { sendProblem } from '../../http/problem.js'
import { countedAs, limiterFor, type Limiter } from '../../http/rate-limit.js'
import { logSerializers, SECURITY_HEADERS } from '../../http/resource.js'
import type { ResolvedOptions } from '../../options.js'
import { memoryStore } from '../../store/memory.js'
import { acceptWebSockets, endSocket } from '../websocket.js'
import { resolvePeerjsOptions, type PeerjsPluginOptions } from './options.js'
import { PeerBoxes } from './peer-boxes.js'
import { PeerSocket, type Endpoint } from './peer-socket.js'
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

export function createPeerjsPlugin ({ clock = systemClock, limiter: given, ...times }: Internals = {}): FastifyPluginAsync<PeerjsPluginOptions> {
  return fp(async (app: FastifyInstance, input: PeerjsPluginOptions) => {
    const { store: givenStore } = input
    // First of all, so that a given store is closed with the app even if the plugin fails.
    if (typeof givenStore?.close === 'function') app.addHook('onClose', async () => { await givenStore.close() })
    const { key, discovery, expire, timeout, box, store: kept = memoryStore() } = resolvePeerjsOptions(input)
    const path = prefixOf(app)
    if (/[:*]/.test(path)) throw new TypeError(`peerjsPlugin: option 'prefix' expected a path without parameters, received '${path}'`)
    const { maxMessages, maxBoxBytes, maxStoreBytes, maxMessageBytes, maxWaiters, maxRoomWaiters, rateLimit } = box
    const store = prepareStore(app, kept)
    const held = rateLimit === false ? undefined : { boxes: rateLimit.boxes, bytes: rateLimit.bytes }
    const limits = { maxMessages, maxBoxBytes, maxStoreBytes, held }
    const rules = { ttl: timeout, maxWaiters, maxRoomWaiters }
    const service = new BoxService(store, clock, limits, rules)
    const owners = new BoxService(store, clock, { ...limits, ...OWNER_LIMITS }, rules)
    const limiter = given ?? limiterFor(rateLimit, store.counter, app.log)
    const onError = (error: unknown): void => {
      if (!isOutage(error) && !hasCode(error, 'BOX_ERR_RATE')) app.log.error({ err: error }, 'The PeerJS endpoint failed')
    }
    const boxes = new PeerBoxes(service, owners, key, timeout)
    const peers: Endpoint['peers'] = new Map()
    const endpoint: Endpoint = {
      boxes,
      onError,
      maxMessageBytes,
      peers,
      timeout: times.silence ?? timeout * 1000,
      // The sender may have another socket by now.
      unanswered: new Unanswered(boxes, times.expire ?? expire * 1000, (sender, dst) => { peers.get(sender.id)?.expired(sender, dst) }, onError)
    }
    const sockets = new Sockets(endpoint, key, limiter)

    app.addHook('preClose', async () => { await sockets.endAll() })
    closeIdle(app)
    app.addHook('onClose', async () => { await service.close() })
    app.addHook('onListen', async () => { service.start(onError) })

    await app.register(async scope => {
      await acceptWebSockets(scope, `${path}/peerjs`, maxMessageBytes)
      scope.setErrorHandler(sendProblem)
      scope.addHook('onRequest', allowOrigins(box.cors))
      scope.addHook('onRequest', refuseCrossSite)
      for (const hook of countedAs(limiter, 'reads')) scope.addHook('onRequest', hook)
      const hidden = { schema: { hide: true } }
      scope.get('/:key/id', hidden, async (_request, reply) => reply.type('text/plain; charset=utf-8').send(randomUUID()))
      scope.get<{ Params: { key: string } }>('/:key/peers', hidden, async (request, reply) => {
        if (!discovery || request.params.key !== key) return await reply.code(401).type('text/plain; charset=utf-8').send('Unauthorized')
        return [...endpoint.peers.keys()]
      })
      scope.get('/peerjs', { ...hidden, websocket: true }, (socket, request) => { sockets.add(socket, request) })
    }, { logSerializers })
  }, { name: 'fastify-signalbox-peerjs', fastify: '5.x', encapsulate: true })
}

/**
 * An endpoint for unmodified clients of PeerJS, as a Fastify 5 plugin. It needs `@fastify/websocket`. Clients give
 * its prefix as their `path`. Registration fails with a `TypeError` that names the option if an option is invalid.
 */
export const peerjsPlugin = createPeerjsPlugin()

/** The open sockets of an endpoint. */
class Sockets {
  readonly #endpoint: Endpoint
  readonly #key: string
  readonly #limiter: Limiter
  readonly #open = new Map<PeerSocket, Promise<void>>()
  #isClosing = false

  constructor (endpoint: Endpoint, key: string, limiter: Limiter) {
    this.#endpoint = endpoint
    this.#key = key
    this.#limiter = limiter
  }

  /** Must not wait before it listens, or it would miss messages. */
  add (socket: WebSocket, request: FastifyRequest): void {
    // With the host's own plugin, they would go to the host's handler, which may not expect them.
    socket.on('error', () => {})
    const { id, token, key } = request.query as Record<string, unknown>
    if (this.#isClosing) return endSocket(socket, 1001, 'Shutting down')
    if (!isName(id) || !isName(token) || !isName(key)) return refuse(socket, errors.parameters)
    if (key !== this.#key) return refuse(socket, errors.key)
    let leave: () => void
    try {
      leave = this.#limiter.enter(request)
    } catch {
      return refuse(socket, errors.limit)
    }
    const peer = new PeerSocket(this.#endpoint, socket, {
      id,
      token,
      account: { holder: this.#limiter.holder(request), creates: () => this.#limiter.count('creates', request, NO_REPLY) },
      count: () => this.#limiter.count('stores', request, NO_REPLY)
    })
    const closed = new Promise<void>(resolve => { socket.once('close', resolve) })
      .then(() => peer.closed(this.#isClosing))
      .catch(this.#endpoint.onError)
      .finally(() => {
        leave()
        this.#open.delete(peer)
      })
    this.#open.set(peer, closed)
  }

  /** Resolves when all are closed. Their ids stay with their tokens, and their messages in their boxes. */
  async endAll (): Promise<void> {
    this.#isClosing = true
    this.#endpoint.unanswered.stop()
    for (const peer of this.#open.keys()) peer.shutDown()
    await Promise.all(this.#open.values())
    this.#endpoint.boxes.service.waiters.endAll()
  }
}

function refuse (socket: WebSocket, why: string): void {
  socket.send(errorText(why))
  endSocket(socket)
}

/** An open socket has no reply that could tell its limits. */
const NO_REPLY = { headers: () => NO_REPLY, header: () => NO_REPLY } as unknown as FastifyReply

/** Says which pages may read the responses. There are no preflights, since clients send only simple requests. */
function allowOrigins (allowed: ResolvedOptions['cors']) {
  const list = typeof allowed === 'boolean' ? [] : [allowed].flat()
  const any = allowed === true || list.includes('*')
  return async ({ headers: { origin } }: FastifyRequest, reply: FastifyReply): Promise<void> => {
    reply.headers({ ...SECURITY_HEADERS, 'cache-control': 'no-store' })
    if (any) reply.header('access-control-allow-origin', '*')
    else reply.header('vary', 'origin')
    if (!any && origin !== undefined && list.includes(origin)) reply.header('access-control-allow-origin', origin)
  }
}
