import Fastify from 'fastify'
import t from 'tap'
import { boxPlugin, memoryStore, type BoxPluginOptions } from '../src/index.js'
import { optionsSchema, resolveOptions } from '../src/options.js'

t.test('the defaults are those of the design', async t => {
  const { maxStoreBytes, guard, ...options } = resolveOptions({})
  t.equal(maxStoreBytes, undefined)
  t.equal(guard, undefined)
  t.same(options, {
    ttl: 86_400,
    maxTtl: 604_800,
    maxMessageBytes: 65_536,
    maxMessages: 256,
    maxBoxBytes: 1_048_576,
    maxWait: 25,
    maxWaiters: 8,
    maxRoomWaiters: 64,
    maxStreamBoxes: 64,
    heartbeat: 15,
    classicPath: '/box.php',
    docs: '/docs',
    hostDocs: true,
    decorator: 'signalbox',
    cors: true,
    rateLimit: { creates: 30, stores: 600, reads: 600, files: 600, waiters: 30, boxes: 10_000, bytes: 67_108_864 },
    ice: { urls: [], turnUrls: [], ttl: 3600 }
  })
})

t.test('every option has a description', async t => {
  for (const [name, schema] of Object.entries(optionsSchema.properties)) t.match((schema as { description?: string }).description, /\S/, name)
})

t.test('given options are kept, and the rest get their defaults', async t => {
  const options = resolveOptions({ ttl: 5, rateLimit: { creates: 1 }, ice: { urls: ['stun:a'] }, classicPath: false, docs: '/d', cors: ['https://a.example'] })
  t.match(options, { ttl: 5, maxTtl: 604_800, classicPath: false, docs: '/d', cors: ['https://a.example'] })
  t.same(options.rateLimit, { creates: 1, stores: 600, reads: 600, files: 600, waiters: 30, boxes: 10_000, bytes: 67_108_864 })
  t.same(options.ice, { urls: ['stun:a'], turnUrls: [], ttl: 3600 })
  t.equal(resolveOptions({ rateLimit: false }).rateLimit, false)
  t.same(resolveOptions({ rateLimit: true }).rateLimit, resolveOptions({}).rateLimit)
})

t.test('undefined counts as absent, and the options of register are ignored', async t => {
  t.same(resolveOptions({ ttl: undefined, guard: undefined, store: undefined, prefix: '/p', logLevel: 'warn', logSerializers: {} } as unknown as BoxPluginOptions), resolveOptions({}))
})

t.test('the caller\'s objects are not changed', async t => {
  const input = Object.freeze({ rateLimit: Object.freeze({ creates: 1 }), ice: Object.freeze({ urls: Object.freeze(['stun:a']) }), cors: Object.freeze(['https://a.example']) })
  const options = resolveOptions(input as unknown as BoxPluginOptions)
  t.match(options, { rateLimit: { creates: 1, stores: 600 }, ice: { ttl: 3600 } })
  t.same(input, { rateLimit: { creates: 1 }, ice: { urls: ['stun:a'] }, cors: ['https://a.example'] })
})

/** What is wrong, by name: a value, what the message says was expected, and what was received. */
const wrong: Array<[name: string, options: Record<string, unknown>, expected: RegExp, received: string]> = [
  ['decorator', { decorator: 'my boxes' }, /the name of a property, such as signalbox/, "'my boxes'"],
  ['ttl', { ttl: 0 }, /an integer from 1 to 315360000/, '0'],
  ['ttl', { ttl: '60' }, /integer/, "'60'"],
  ['ttl', { ttl: 1.5 }, /integer/, '1.5'],
  ['ttl', { ttl: NaN }, /integer/, 'NaN'],
  ['ttl', { ttl: Infinity }, /integer/, 'Infinity'],
  ['ttl', { ttl: null }, /integer/, 'null'],
  ['ttl', { ttl: 10n }, /integer/, '10n'],
  ['ttl', { ttl: 100, maxTtl: 50 }, /at most maxTtl \(50\)/, '100'],
  ['maxMessageBytes', { maxMessageBytes: 101, maxBoxBytes: 100 }, /at most maxBoxBytes \(100\)/, '101'],
  ['maxMessageBytes', { maxMessageBytes: 2_000_000 }, /at most maxBoxBytes \(1048576\)/, '2000000'],
  ['maxTtl', { maxTtl: -1 }, /an integer from 1 to 315360000/, '-1'],
  ['maxMessageBytes', { maxMessageBytes: 2 ** 40 }, /an integer from 1 to 67108864/, '1099511627776'],
  ['maxMessages', { maxMessages: [1] }, /integer/, '[ 1 ]'],
  ['maxBoxBytes', { maxBoxBytes: true }, /integer/, 'true'],
  ['maxStoreBytes', { maxStoreBytes: 0 }, /an integer of at least 1$/, '0'],
  ['maxWait', { maxWait: 61 }, /an integer from 0 to 60/, '61'],
  ['maxWaiters', { maxWaiters: 0 }, /an integer of at least 1$/, '0'],
  ['heartbeat', { heartbeat: 0 }, /an integer from 1 to 3600/, '0'],
  ['classicPath', { classicPath: 'box.php' }, /false or a path/, "'box.php'"],
  ['classicPath', { classicPath: '/box.php/' }, /false or a path/, "'/box.php/'"],
  ['classicPath', { classicPath: true }, /false or a path/, 'true'],
  ['classicPath', { classicPath: '/:box' }, /false or a path/, "'/:box'"],
  ['classicPath', { classicPath: '/*' }, /false or a path/, "'/*'"],
  ['docs', { docs: '/' }, /false or a path/, "'/'"],
  ['docs', { docs: 1 }, /false or a path/, '1'],
  ['classicPath', { classicPath: '/boxes' }, /a path that does not overlap \/boxes/, "'/boxes'"],
  ['classicPath', { classicPath: '/Boxes/classic' }, /a path that does not overlap \/boxes/, "'/Boxes/classic'"],
  ['classicPath', { classicPath: '/openapi.json' }, /a path that does not overlap \/openapi.json/, "'/openapi.json'"],
  ['docs', { classicPath: '/docs' }, /a path that does not overlap \/docs/, "'/docs'"],
  ['docs', { classicPath: '/docs/box' }, /a path that does not overlap \/docs\/box/, "'/docs'"],
  ['docs', { docs: '/boxes' }, /a path that does not overlap \/boxes/, "'/boxes'"],
  ['docs', { docs: '/problems' }, /a path that does not overlap \/problems/, "'/problems'"],
  ['hostDocs', { hostDocs: 'a b' }, /true, false or a word/, "'a b'"],
  ['cors', { cors: '' }, /true, false, an origin such as https:\/\/example.org, or a list of origins/, "''"],
  ['cors', { cors: 'example.org' }, /an origin such as https:\/\/example.org/, "'example.org'"],
  ['cors.0', { cors: ['example.org'] }, /an origin such as https:\/\/example.org/, "'example.org'"],
  ['cors.0', { cors: ['https://example.org/'] }, /an origin such as https:\/\/example.org/, "'https://example.org/'"],
  ['cors', { cors: [] }, /or a list of origins/, '[]'],
  ['cors.0', { cors: [/a/] }, /an origin such as/, '/a/'],
  ['rateLimit', { rateLimit: 'off' }, /true, false or limits/, "'off'"],
  ['rateLimit.creates', { rateLimit: { creates: 0 } }, /an integer of at least 1$/, '0'],
  ['rateLimit.waiters', { rateLimit: { waiters: '1' } }, /integer/, "'1'"],
  ['ice.ttl', { ice: { ttl: 1 } }, /an integer from 60 to 604800/, '1'],
  ['ice.urls.0', { ice: { urls: ['turn:a'] } }, /a STUN URL such as stun:host:port/, "'turn:a'"],
  ['ice.turnUrls.0', { ice: { turnUrls: ['a'] } }, /a TURN URL such as turn:host:port/, "'a'"],
  ['ice.turnSecret', { ice: { turnUrls: ['turn:a'] } }, /a secret/, 'nothing'],
  ['guard', { guard: true }, /a function/, 'true'],
  ['store', { store: 'redis://localhost' }, /a Store/, "'redis://localhost'"],
  ['store', { store: {} }, /a Store/, '{}'],
  ['store', { store: null }, /a Store/, 'null'],
  ['ttl', { ttl: () => 1 }, /integer/, '[Function: ttl]']
]

t.test('a bad value names the option, what was expected and what was received', async t => {
  for (const [name, options, expected, received] of wrong) {
    let message = 'nothing was thrown'
    try {
      resolveOptions(options as BoxPluginOptions)
    } catch (error) {
      t.type(error, TypeError)
      message = (error as Error).message
    }
    const said = /^boxPlugin: option '([^']*)' expected (.*), received (.*)$/s.exec(message)
    t.match([said?.[1], said?.[2], said?.[3]], [name, expected, received], message)
  }
})

t.test('an unknown option is named, with the one that was probably meant', async t => {
  const say = (options: object): void => { resolveOptions(options as BoxPluginOptions) }
  t.throws(() => say({ tll: 60 }), { name: 'TypeError', message: "boxPlugin: unknown option 'tll'. Did you mean 'ttl'?" })
  t.throws(() => say({ maxttl: 60 }), { message: "boxPlugin: unknown option 'maxttl'. Did you mean 'maxTtl'?" })
  t.throws(() => say({ port: 8080 }), { message: "boxPlugin: unknown option 'port'" })
  t.throws(() => say({ dosc: '/docs' }), { message: "boxPlugin: unknown option 'dosc'. Did you mean 'docs'?" })
  t.throws(() => say({ Store: memoryStore() }), { message: "boxPlugin: unknown option 'Store'. Did you mean 'store'?" })
  t.throws(() => say({ rateLimit: { create: 1 } }), { message: "boxPlugin: unknown option 'rateLimit.create'. Did you mean 'rateLimit.creates'?" })
  t.throws(() => say({ ice: { turnUrl: [] } }), { message: "boxPlugin: unknown option 'ice.turnUrl'. Did you mean 'ice.turnUrls'?" })
  t.throws(() => say({ password: 'canary' }), { message: "boxPlugin: unknown option 'password'" }, 'nothing is like it, and its value is not repeated')
})

t.test('a maxTtl below the default ttl becomes the default', async t => {
  t.match(resolveOptions({ maxTtl: 3600 }), { ttl: 3600, maxTtl: 3600 })
  t.match(resolveOptions({ maxTtl: 3600, ttl: undefined }), { ttl: 3600 })
  t.throws(() => resolveOptions({ maxTtl: 3600, ttl: 3601 }), { message: "boxPlugin: option 'ttl' expected at most maxTtl (3600), received 3601" })
})

t.test('a maxBoxBytes below the default maxMessageBytes becomes the default', async t => {
  t.match(resolveOptions({ maxBoxBytes: 100 }), { maxMessageBytes: 100, maxBoxBytes: 100 })
  t.match(resolveOptions({ maxBoxBytes: 100, maxMessageBytes: 10 }), { maxMessageBytes: 10 })
})

t.test('a router whose maxParamLength is too short for a box is refused at registration', async t => {
  for (const options of [{ maxParamLength: 36 }, { routerOptions: { maxParamLength: 36 } }]) {
    const app = Fastify(options)
    t.teardown(() => app.close())
    app.register(boxPlugin)
    await t.rejects(async () => { await app.ready() }, { message: "boxPlugin: Fastify's option 'maxParamLength' expected at least 37, received 36" })
  }
  const app = Fastify({ routerOptions: { maxParamLength: 37 } })
  t.teardown(() => app.close())
  app.register(boxPlugin)
  await app.ready()
  const { drop } = (await app.inject({ method: 'POST', url: '/boxes' })).json()
  t.equal((await app.inject({ method: 'POST', url: `/boxes/${drop}/messages`, payload: [] })).statusCode, 200)
})

t.test('a value that cannot be serialized as JSON is still shown', async t => {
  const circular: Record<string, unknown> = {}
  circular['self'] = circular
  t.throws(() => resolveOptions({ ttl: circular } as unknown as BoxPluginOptions), { message: /option 'ttl' expected an integer from 1 to 315360000, received <ref/ })
})

t.test('a secret is not repeated', async t => {
  t.throws(() => resolveOptions({ ice: { turnSecret: ['canary'] } } as unknown as BoxPluginOptions), { message: /^(?!.*canary).*ice\.turnSecret/ })
})

t.test('a bad option throws at registration', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  app.register(boxPlugin, { ttl: 0 })
  await t.rejects(async () => { await app.ready() }, { message: /option 'ttl'/ })
})

t.test('a custom Store is used as it is', async t => {
  t.doesNotThrow(() => resolveOptions({ store: memoryStore() }))
})
