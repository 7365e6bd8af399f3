import t, { type Test } from 'tap'
import { optionsSchema, resolveOptions } from '../../src/options.js'
import { ConfigError, help, readConfig, type Config } from '../../src/server/config.js'
import { flags, toVariable } from '../../src/server/flags.js'

const read = (args: string[] = [], environment: Record<string, string> = {}) => readConfig(args, environment) as Config

/** Whichever way it is given, the message is one sentence with what was wrong in it. */
function refuses (t: Test, name: string, text: string, pattern: RegExp): void {
  t.throws(() => read([`--${name}=${text}`]), { constructor: ConfigError, message: pattern }, `--${name}=${text}`)
  t.throws(() => read([], { [toVariable(name)]: text }), { constructor: ConfigError, message: pattern }, `${toVariable(name)}=${text}`)
  t.throws(() => read([`--${name}=${text}`]), { message: /^[^\n]+$/ })
}

t.test('without settings, the defaults are those of the design and of the plugin', async t => {
  const config = read()
  t.same(config, { port: 8080, host: 'localhost', tls: undefined, store: { kind: 'lmdb', path: './signalbox-data' }, trustProxy: [], connections: { total: 4096, perAddress: 256 }, peerjs: false, yWebrtc: false, logLevel: 'info', box: {} })
  t.same(resolveOptions(config.box), resolveOptions({}))
})

/** A value for each flag that is not its default, and what it is then in the config. */
const examples: Record<string, [text: string, where: (config: Config) => unknown, value: unknown]> = {
  port: ['0', config => config.port, 0],
  host: ['::', config => config.host, '::'],
  store: ['memory:', config => config.store, { kind: 'memory' }],
  'rate-limit': ['off', config => config.box.rateLimit, false],
  'trust-proxy': ['10.0.0.1, fd00::/8', config => config.trustProxy, ['10.0.0.1', 'fd00::/8']],
  peerjs: ['/signaling', config => config.peerjs, '/signaling'],
  'y-webrtc': ['/yjs', config => config.yWebrtc, '/yjs'],
  'max-connections': ['7', config => config.connections.total, 7],
  'rate-limit-connections': ['7', config => config.connections.perAddress, 7],
  'cors-origin': ['https://a.example, http://b.example:8080', config => config.box.cors, ['https://a.example', 'http://b.example:8080']],
  'ice-urls': ['stun:a.example:3478,stuns:b.example', config => config.box.ice, { urls: ['stun:a.example:3478', 'stuns:b.example'] }],
  'turn-secret': ['s3cret', config => config.box.ice, { turnSecret: 's3cret' }],
  'turn-ttl': ['600', config => config.box.ice, { ttl: 600 }],
  'log-level': ['silent', config => config.logLevel, 'silent']
}
for (const { name, option, placeholder } of flags) {
  if (placeholder !== '<number>' || option === undefined || name in examples) continue
  const value = name === 'max-ttl' ? 100_000 : 7
  const [outer = '', inner] = option.split('.')
  examples[name] = [String(value), ({ box }) => (box as Record<string, unknown>)[outer], inner === undefined ? value : { [inner]: value }]
}

t.test('a certificate and its key come as file names', async t => {
  t.same((readConfig(['--tls-cert=a.pem'], { TLS_KEY: 'b.pem' }) as Config).tls, { cert: 'a.pem', key: 'b.pem' })
  t.equal((readConfig(['--tls-cert=none'], {}) as Config).tls, undefined)
})

t.test('every setting comes from its flag or its variable, and the flag takes precedence', async t => {
  for (const { name } of flags) {
    // Each of these requires another, and is tested with it.
    if (name === 'turn-urls' || name === 'tls-cert' || name === 'tls-key') continue
    const [text, where, value] = examples[name] ?? []
    if (text === undefined || where === undefined) return t.fail(`an example for --${name}`)
    t.same(where(read([`--${name}=${text}`])), value, `--${name}=${text}`)
    t.same(where(read([`--${name}`, text])), value, `--${name} ${text}`)
    t.same(where(read([], { [toVariable(name)]: text })), value, `${toVariable(name)}=${text}`)
    t.same(where(read([`--${name}=${text}`], { [toVariable(name)]: 'nonsense' })), value, 'the flag wins')
    t.same(where(read([], { [toVariable(name)]: '' })), where(read()), 'an empty variable is none')
  }
  const turn = read(['--turn-urls=turn:a.example?transport=udp'], { TURN_SECRET: 's' })
  t.same(turn.box.ice, { turnUrls: ['turn:a.example?transport=udp'], turnSecret: 's' }, 'from both')
})

t.test('each numeric limit of the plugin is a flag with the same bounds', async t => {
  const limits = Object.entries(optionsSchema.properties).filter(([, schema]) => schema.type === 'integer')
  t.ok(limits.length >= 9)
  for (const [option] of limits) {
    const flag = flags.find(flag => flag.option === option)
    if (flag === undefined) return t.fail(option)
    for (const text of ['-1', '1.5', '1e3', ' 7', 'many', '0x10']) refuses(t, flag.name, text, /expected an integer (?:from|of at least) /)
  }
})

t.test('a bad value is refused with what was expected', async t => {
  refuses(t, 'port', '65536', /expected an integer from 0 to 65535, received "65536"/)
  refuses(t, 'store', 'sqlite:x', /expected memory:, lmdb:DIRECTORY, or redis:/)
  refuses(t, 'store', 'lmdb:', /lmdb:DIRECTORY/)
  refuses(t, 'rate-limit', 'maybe', /expected one of on, off, received "maybe"/)
  refuses(t, 'log-level', 'loud', /expected one of fatal/)
  for (const text of ['1', 'true', '10.0.0.0/33', 'fd00::/129', '10.0.0.1/8/8', '10.0.0.1,', 'proxy.example']) refuses(t, 'trust-proxy', text, /list of IP addresses and CIDR ranges/)
  for (const text of ['https://a.example/', 'a.example', '*,https://a.example', 'null']) refuses(t, 'cors-origin', text, /origins such as/)
  for (const path of ['peerjs', '/', '/a//b', '/boxes', '/docs/peerjs', '/HEALTH/x', '/a/:b']) for (const name of ['peerjs', 'y-webrtc']) refuses(t, name, path, /expected none, or a path such as \/signaling/)
  for (const path of ['/p', '/P/peerjs', '/p/a/b']) t.throws(() => read(['--peerjs=/p', `--y-webrtc=${path}`]), { constructor: ConfigError, message: /^--y-webrtc expected a path outside that of --peerjs \(\/p\), received/ })
  refuses(t, 'ice-urls', 'http://a.example', /expected a STUN URL such as stun:host:port, received "http:/)
  refuses(t, 'turn-urls', 'stun:a.example', /expected a TURN URL such as turn:host:port.*, received "stun:/)
  t.throws(() => read(['--turn-urls=turn:a.example']), { constructor: ConfigError, message: '--turn-secret expected a secret, because --turn-urls is set, received nothing' })
  t.doesNotThrow(() => read([], { MAX_TTL: '60' }), 'the default of --ttl gives way')
  t.throws(() => read([], { MAX_TTL: '60', TTL: '61' }), { constructor: ConfigError, message: /^TTL expected at most MAX_TTL \(60\), received 61/ })
  t.throws(() => read(['--ttl', '-5']), { constructor: ConfigError, message: /^--ttl expected an integer from 1 to 315360000, received "-5"$/ })
  t.throws(() => read(['--prot', '80']), { constructor: ConfigError, message: "unknown flag '--prot'. Did you mean '--port'?" })
  t.throws(() => read(['--port', '--host', '::']), { constructor: ConfigError, message: '--port needs a value; see --help' })
  t.throws(() => read(['--frobnicate']), { constructor: ConfigError, message: "unknown flag '--frobnicate'; see --help" })
  for (const name of ['turn-secret', 'host']) t.throws(() => read([`--${name}=`]), { constructor: ConfigError, message: `--${name} needs a value; see --help` })
  for (const args of [['--frobnicate=1'], ['--port'], ['--port', '--host'], ['serve'], ['--help=yes']]) {
    t.throws(() => read(args), { constructor: ConfigError, message: /^[^\n]+; see --help$/ }, args.join(' '))
  }
})

t.test('no message repeats the address of a store, which may contain a password', async t => {
  for (const address of ['redsi://user:hunter2@host', 'redis://user:hunter2%@host', 'redis://hunter2%E0%A4%A:x@host', 'redis://:hunter2@host/x', 'redis://', 'redis://:hunter2@a/1,redis://b']) {
    t.throws(() => read([`--store=${address}`]), { constructor: ConfigError, message: /^--store expected (?!.*hunter2).*$/ }, address)
  }
  t.throws(() => readConfig([], { STORE: 'redis://:hunter2%@host' }), { message: 'STORE expected a percent sign in the user or password to be written as %25' })
})

t.test('a store is chosen by its address', async t => {
  t.same(read(['--store=lmdb:/var/lib/boxes']).store, { kind: 'lmdb', path: '/var/lib/boxes' })
  for (const url of ['redis://h:1', 'rediss://u:p@h:1/2', 'valkey://h', 'valkeys://h', 'redis+cluster://h:1', 'redis://a:1,redis://b:2']) {
    t.same(read([`--store=${url}`]).store, { kind: 'redis', url })
  }
})

t.test('cors-origin accepts *, none, or a list', async t => {
  t.equal(read(['--cors-origin=*']).box.cors, true)
  t.equal(read(['--cors-origin=none']).box.cors, false)
})

t.test('the help lists every flag with its variable and its default', async t => {
  t.equal(readConfig(['--help', '--port=1'], {}), 'help')
  t.equal(readConfig(['-h'], {}), 'help')
  t.equal(readConfig(['--version'], {}), 'version')
  const lines = help().split('\n')
  for (const { name, description, defaultText } of flags) {
    t.ok(lines.some(line => line.includes(`--${name} `) && line.includes(` ${toVariable(name)} `) && line.endsWith(`${description} (${defaultText})`)), name)
    t.ok(description.length > 0, 'with a description')
    t.notMatch(description, /maxTtl|maxStoreBytes|turnUrls/, 'that names flags')
  }
  for (const name of ['port', 'host', 'store', 'ttl', 'trust-proxy', 'cors-origin', 'log-level', 'rate-limit']) {
    t.ok(flags.some(flag => flag.name === name), `${name}, which the design names`)
  }
})
