import Fastify, { type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify'
import {
  boxPlugin, CursorError, FullError, lmdbStore, memoryStore, redisStore,
  type Appended, type BoxError, type BoxErrorCode, type Boxes, type BoxEvents, type BoxMessage, type BoxMessages, type BoxPluginOptions, type CreatedBox, type CreatedEvent, type Drained, type GoneEvent, type Guard, type IceOptions, type Limits, type NewMessage, type Opened, type OpenedBox, type Operation,
  type Page, type RateLimitOptions, type SharedCounter, type Store, type StoredEvent, type Unsubscribe
} from 'fastify-signalbox'
import { peerjsPlugin, type PeerjsPluginOptions } from 'fastify-signalbox/peerjs'
import { yWebrtcPlugin, type YWebrtcPluginOptions } from 'fastify-signalbox/y-webrtc'
import { describe, expect, test } from 'tstyche'

describe('boxPlugin', () => {
  const app = Fastify()

  test('accepts its options and a prefix', () => {
    expect(app.register).type.toBeCallableWith(boxPlugin)
    expect(app.register).type.toBeCallableWith(boxPlugin, { prefix: '/boxes', ttl: 60, store: memoryStore() })
  })

  test('accepts nothing that is not an option', () => {
    expect(app.register).type.not.toBeCallableWith(boxPlugin, { tll: 60 })
    expect(app.register).type.not.toBeCallableWith(boxPlugin, { ttl: '60' })
    expect(app.register).type.not.toBeCallableWith(boxPlugin, { rateLimit: { creats: 1 } })
  })
})

describe('BoxPluginOptions', () => {
  test('has these options and no others', () => {
    expect<keyof BoxPluginOptions>().type.toBe<
      'store' | 'guard' | 'ttl' | 'maxTtl' | 'maxMessageBytes' | 'maxMessages' | 'maxBoxBytes' | 'maxStoreBytes' | 'maxWait' | 'maxWaiters' | 'maxRoomWaiters' | 'maxStreamBoxes' |
      'heartbeat' | 'classicPath' | 'docs' | 'hostDocs' | 'decorator' | 'cors' | 'rateLimit' | 'ice'
    >()
  })

  test('all are optional, and undefined counts as absent', () => {
    expect<{ [Name in keyof BoxPluginOptions]: undefined }>().type.toBeAssignableTo<BoxPluginOptions>()
    expect<{}>().type.toBeAssignableTo<BoxPluginOptions>()
  })

  test('each accepts what its description says', () => {
    expect<BoxPluginOptions['ttl']>().type.toBe<number | undefined>()
    expect<BoxPluginOptions['maxStoreBytes']>().type.toBe<number | undefined>()
    expect<BoxPluginOptions['classicPath']>().type.toBe<string | false | undefined>()
    expect<BoxPluginOptions['docs']>().type.toBe<string | false | undefined>()
    expect<BoxPluginOptions['hostDocs']>().type.toBe<string | boolean | undefined>()
    expect<BoxPluginOptions['decorator']>().type.toBe<string | undefined>()
    expect<boolean | string | [string, string]>().type.toBeAssignableTo<BoxPluginOptions['cors']>()
    expect<number>().type.not.toBeAssignableTo<BoxPluginOptions['cors']>()
    expect<BoxPluginOptions['rateLimit']>().type.toBe<boolean | RateLimitOptions | undefined>()
    expect<keyof RateLimitOptions>().type.toBe<'creates' | 'stores' | 'reads' | 'files' | 'waiters' | 'boxes' | 'bytes'>()
    expect<BoxPluginOptions['ice']>().type.toBe<IceOptions | undefined>()
    expect<keyof IceOptions>().type.toBe<'urls' | 'turnUrls' | 'turnSecret' | 'ttl'>()
    expect<BoxPluginOptions['store']>().type.toBe<Store | undefined>()
    expect<BoxPluginOptions['guard']>().type.toBe<Guard | undefined>()
  })
})

describe('fastify.signalbox', () => {
  const { signalbox } = Fastify()

  test('is known to every instance', () => {
    expect(signalbox).type.toBe<Boxes>()
    expect<keyof Boxes>().type.toBe<'create' | 'open' | 'store' | 'read' | 'acknowledge' | 'drain' | 'delete' | 'subscribe' | 'on' | 'labelOf'>()
  })

  test('creates and opens boxes', () => {
    expect(signalbox.create()).type.toBe<Promise<CreatedBox>>()
    expect(signalbox.create).type.toBeCallableWith({ ttl: 60, keep: 60, request: {} as FastifyRequest })
    expect(signalbox.create).type.not.toBeCallableWith({ ttl: '60' })
    expect(signalbox.open('box_…', { ttl: 60 })).type.toBe<Promise<OpenedBox>>()
    expect<CreatedBox>().type.toBe<{ id: string, drop: string, expires: Date }>()
  })

  test('stores, reads and takes out messages', () => {
    expect(signalbox.store('drop_…', { any: 'value' }, { idempotencyKey: 'k' })).type.toBe<Promise<{ seq: number, count: number }>>()
    expect(signalbox.read('box_…', { after: 1, limit: 1 })).type.toBe<Promise<BoxMessages>>()
    expect(signalbox.acknowledge('box_…', 1)).type.toBe<Promise<number>>()
    expect(signalbox.drain('box_…')).type.toBe<Promise<BoxMessages>>()
    expect(signalbox.delete('box_…')).type.toBe<Promise<void>>()
    expect<BoxMessages>().type.toBe<{ messages: BoxMessage[], next: number }>()
    expect<BoxMessage>().type.toBe<{ seq: number, data: unknown }>()
  })

  test('a loop yields messages until its signal aborts', () => {
    expect(signalbox.subscribe('box_…', { after: 1, signal: AbortSignal.timeout(1) })).type.toBe<AsyncGenerator<BoxMessage, void>>()
    expect(signalbox.subscribe).type.not.toBeCallableWith()
  })

  test('events', () => {
    expect<BoxEvents>().type.toBe<{ created: CreatedEvent, stored: StoredEvent, gone: GoneEvent }>()
    expect<CreatedEvent>().type.toBe<{ label: string, expires: Date }>()
    expect<StoredEvent>().type.toBe<{ label: string, seq: number, count: number }>()
    expect<GoneEvent>().type.toBe<{ label: string, reason: 'deleted' | 'expired' }>()
    expect(signalbox.on('gone', ({ reason }) => { expect(reason).type.toBe<'deleted' | 'expired'>() })).type.toBe<() => void>()
    expect(signalbox.on).type.not.toBeCallableWith('expired', () => {})
    expect(signalbox.labelOf('box_…')).type.toBe<string>()
  })
})

describe('Guard', () => {
  test('is called with the request, the reply and the name of the operation', () => {
    expect<Parameters<Guard>>().type.toBe<[request: FastifyRequest, reply: FastifyReply, operation: Operation]>()
    expect<Operation>().type.toBe<
      'createBox' | 'openBox' | 'storeMessage' | 'readMessages' | 'streamBoxes' | 'acknowledge' | 'drainMessages' | 'deleteBox' | 'getIceServers'
    >()
  })

  test('may be synchronous or not', () => {
    expect<() => void>().type.toBeAssignableTo<Guard>()
    expect<(request: FastifyRequest) => Promise<void>>().type.toBeAssignableTo<Guard>()
    expect<(request: FastifyRequest, reply: FastifyReply, operation: 'createBox') => void>().type.not.toBeAssignableTo<Guard>()
  })
})

describe('the endpoints for other clients', () => {
  const app = Fastify()
  type Shared = 'store' | 'cors' | 'rateLimit' | 'maxMessageBytes' | 'maxMessages' | 'maxBoxBytes' | 'maxStoreBytes'

  test('accept their options and a prefix, and nothing else', () => {
    expect(app.register).type.toBeCallableWith(peerjsPlugin, { prefix: '/peerjs', store: memoryStore(), discovery: true })
    expect(app.register).type.not.toBeCallableWith(peerjsPlugin, { ttl: 60 })
    expect(app.register).type.toBeCallableWith(yWebrtcPlugin, { prefix: '/y-webrtc', store: memoryStore(), timeout: 30 })
    expect(app.register).type.not.toBeCallableWith(yWebrtcPlugin, { key: 'x' })
  })

  test('have these options and no others', () => {
    expect<keyof PeerjsPluginOptions>().type.toBe<Shared | 'key' | 'discovery' | 'expire' | 'timeout'>()
    expect<keyof YWebrtcPluginOptions>().type.toBe<Shared | 'timeout'>()
    expect<YWebrtcPluginOptions['rateLimit']>().type.toBe<BoxPluginOptions['rateLimit']>()
  })
})

describe('Store', () => {
  test('the built-in stores implement it', () => {
    expect(memoryStore()).type.toBeAssignableTo<Store>()
    expect(lmdbStore({ path: 'boxes' })).type.toBeAssignableTo<Promise<Store>>()
    expect(redisStore({ url: 'redis://localhost' })).type.toBeAssignableTo<Promise<Store>>()
    expect(lmdbStore).type.not.toBeCallableWith({})
  })

  test('its operations', () => {
    expect<keyof Store>().type.toBe<
      'name' | 'create' | 'open' | 'append' | 'read' | 'acknowledge' | 'drain' | 'delete' | 'subscribe' | 'sweep' | 'watchExpiry' | 'check' | 'close' | 'counter'
    >()
    expect<Store['create']>().type.toBe<(drop: string, ttl: number, now: number, limits: Limits, holder?: string, keep?: number) => Promise<void>>()
    expect<Store['open']>().type.toBe<(drop: string, ttl: number, now: number, limits: Limits, holder?: string, keep?: number) => Promise<Opened>>()
    expect<Store['append']>().type.toBe<(drop: string, message: NewMessage, now: number, limits: Limits) => Promise<Appended>>()
    expect<Store['read']>().type.toBe<(drop: string, after: number, limit: number, now: number) => Promise<Page>>()
    expect<Store['acknowledge']>().type.toBe<(drop: string, after: number, now: number) => Promise<number>>()
    expect<Store['drain']>().type.toBe<(drop: string, now: number, most?: number) => Promise<Drained>>()
    expect<Store['delete']>().type.toBe<(drop: string, now: number) => Promise<void>>()
    expect<Store['subscribe']>().type.toBe<(drop: string, listener: () => void) => Promise<Unsubscribe>>()
    expect<Store['sweep']>().type.toBe<(now: number) => Promise<number>>()
    expect<Store['watchExpiry']>().type.toBe<((listener: (drop: string) => void) => Unsubscribe) | undefined>()
    expect<Store['check']>().type.toBe<() => Promise<void>>()
    expect<Store['close']>().type.toBe<() => Promise<void>>()
    expect<Store['counter']>().type.toBe<SharedCounter | undefined>()
  })

  test('inputs and results', () => {
    expect<Page>().type.toBe<{ texts: string[], next: number, expires: number, keep?: number }>()
    expect<Opened>().type.toBe<{ created: boolean, expires: number }>()
    expect<Appended>().type.toBe<{ seq: number, count: number }>()
    expect<{ text: string, bytes: number }>().type.toBeAssignableTo<NewMessage>()
  })

  test('the errors it throws', () => {
    expect(new CursorError()).type.toBe<BoxError>()
    expect(new FullError({ cause: new Error('no room') })).type.toBe<BoxError>()
    expect<BoxError>().type.toBeAssignableTo<FastifyError>()
  })
})

test('BoxErrorCode is the union of the codes in the contract', () => {
  expect<BoxErrorCode>().type.toBe<import('signalbox-client').BoxErrorCode>()
  expect<BoxErrorCode>().type.toBe<
    'BOX_ERR_INVALID' | 'BOX_ERR_DROP_ONLY' | 'BOX_ERR_PREFETCH' | 'BOX_ERR_CROSS_SITE' | 'BOX_ERR_NOT_FOUND' | 'BOX_ERR_NO_ROUTE' | 'BOX_ERR_METHOD' |
    'BOX_ERR_NOT_ACCEPTABLE' | 'BOX_ERR_TIMEOUT' | 'BOX_ERR_FULL' | 'BOX_ERR_CURSOR' | 'BOX_ERR_TOO_LARGE' | 'BOX_ERR_URI_TOO_LONG' |
    'BOX_ERR_MEDIA_TYPE' | 'BOX_ERR_EXPECTATION' | 'BOX_ERR_IDEMPOTENCY' | 'BOX_ERR_RATE' | 'BOX_ERR_HELD' | 'BOX_ERR_HEADERS' |
    'BOX_ERR_INTERNAL' | 'BOX_ERR_BUSY' | 'BOX_ERR_CLOSING' | 'BOX_ERR_STORE' | 'BOX_ERR_STORE_FULL'
  >()
})
