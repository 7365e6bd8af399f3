import { parseArgs } from 'node:util'
import { nearest } from '../nearest.js'
import { OptionError, resolveOptions, type BoxPluginOptions } from '../options.js'
import type { ConnectionLimits } from './connections.js'
import { flags, FlagError, settings, toVariable, type Flag } from './flags.js'
import type { StoreAddress } from './open-store.js'
import type { TlsFiles } from './tls.js'

export interface Config {
  port: number
  host: string
  /** absent if the server speaks plain HTTP */
  tls: TlsFiles | undefined
  store: StoreAddress
  /** addresses and CIDR ranges of trusted proxies; empty if none is trusted */
  trustProxy: string[]
  connections: ConnectionLimits
  /** the path of the PeerJS endpoint */
  peerjs: string | false
  /** the path of the y-webrtc endpoint */
  yWebrtc: string | false
  logLevel: string
  /** the options of `boxPlugin` */
  box: BoxPluginOptions
}

/** A configuration error. Its message is one sentence that says what to change. */
export class ConfigError extends Error {}

type Environment = Record<string, string | undefined>

/** The text of a setting, and what the user calls it: its flag, or its variable. */
interface Given {
  text: string
  name: string
}

/**
 * Reads the flags and the environment variables. A flag wins; an empty variable counts as absent.
 * @returns 'help' or 'version' if that was requested
 * @throws ConfigError
 */
export function readConfig (args: readonly string[], environment: Environment): Config | 'help' | 'version' {
  const texts = readFlags(args)
  if (texts.has('help')) return 'help'
  if (texts.has('version')) return 'version'

  const given = (flag: Flag): Given | undefined => {
    const text = texts.get(flag.name)
    if (text !== undefined) return { text, name: `--${flag.name}` }
    const variable = toVariable(flag.name)
    return environment[variable] ? { text: environment[variable], name: variable } : undefined
  }
  const valueOf = <T>(flag: Flag<T>): T => read(flag, given(flag) ?? { text: flag.defaultText, name: `--${flag.name}` })

  const rateLimited = valueOf(settings.rateLimit) === 'on'
  const perAddress = valueOf(settings.connectionsPerAddress)
  return {
    port: valueOf(settings.port),
    host: valueOf(settings.host),
    tls: tlsFiles(valueOf(settings.tlsCert), valueOf(settings.tlsKey)),
    store: valueOf(settings.store),
    trustProxy: valueOf(settings.trustProxy),
    connections: { total: valueOf(settings.maxConnections), perAddress: rateLimited ? perAddress : Infinity },
    ...endpoints(valueOf(settings.peerjs), valueOf(settings.yWebrtc)),
    logLevel: valueOf(settings.logLevel),
    box: pluginOptions(given, rateLimited)
  }
}

function endpoints (peerjs: string | false, yWebrtc: string | false): Pick<Config, 'peerjs' | 'yWebrtc'> {
  const isBelow = peerjs !== false && yWebrtc !== false && `${yWebrtc}/`.toLowerCase().startsWith(`${peerjs}/`.toLowerCase())
  if (isBelow) throw new ConfigError(`--y-webrtc expected a path outside that of --peerjs (${peerjs}), received ${JSON.stringify(yWebrtc)}`)
  return { peerjs, yWebrtc }
}

function tlsFiles (cert: string | undefined, key: string | undefined): TlsFiles | undefined {
  if (cert === undefined && key === undefined) return undefined
  if (cert === undefined) throw new ConfigError('--tls-key requires --tls-cert')
  if (key === undefined) throw new ConfigError('--tls-cert requires --tls-key')
  return { cert, key }
}

const SWITCHES = ['help', 'version']

/** @returns the text of each flag that is given, by its name */
function readFlags (args: readonly string[]): Map<string, string> {
  const { tokens } = parseArgs({
    args: [...args],
    options: {
      ...Object.fromEntries(flags.map(({ name }) => [name, { type: 'string' as const }])),
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean', short: 'v' }
    },
    strict: false,
    tokens: true
  })
  const names = [...flags.map(({ name }) => name), ...SWITCHES]
  const texts = new Map<string, string>()
  for (const token of tokens) {
    if (token.kind !== 'option') throw new ConfigError(`unexpected argument ${JSON.stringify(args[token.index])}; see --help`)
    const { name, rawName, value, inlineValue } = token
    if (!names.includes(name)) {
      const other = nearest(name, names)
      throw new ConfigError(`unknown flag '${rawName}'${other === undefined ? '; see --help' : `. Did you mean '--${other}'?`}`)
    }
    const isSwitch = SWITCHES.includes(name)
    if (isSwitch && value !== undefined) throw new ConfigError(`${rawName} takes no value; see --help`)
    // What looks like a flag is one, except for a negative number.
    if (!isSwitch && (!value || (!inlineValue && /^-(?!\d)/.test(value)))) throw new ConfigError(`${rawName} needs a value; see --help`)
    texts.set(name, value ?? '')
  }
  return texts
}

function read<T> (flag: Flag<T>, { text, name }: Given): T {
  try {
    return flag.read(text)
  } catch (error) {
    if (!(error instanceof FlagError)) throw error
    // A store's address may contain a password, so it is not repeated.
    const received = flag.name === 'store' ? '' : `, received ${JSON.stringify(text)}`
    throw new ConfigError(`${name} expected ${error.message}${received}`)
  }
}

/**
 * The options of the plugin, nested as it expects them. What is not given is left to its own defaults.
 * @throws ConfigError that calls an option what the user calls it
 */
function pluginOptions (given: (flag: Flag) => Given | undefined, rateLimited: boolean): BoxPluginOptions {
  const options: Record<string, unknown> = {}
  const names = new Map<string, string>()
  for (const flag of flags) {
    if (flag.option === undefined) continue
    const found = given(flag)
    names.set(flag.option, found?.name ?? `--${flag.name}`)
    if (found === undefined) continue
    const value = read(flag, found)
    const [outer = '', inner] = flag.option.split('.')
    options[outer] = inner === undefined ? value : { ...options[outer] as object, [inner]: value }
  }
  if (!rateLimited) options['rateLimit'] = false
  try {
    resolveOptions(options)
  } catch (error) {
    if (!(error instanceof OptionError)) throw error
    const nameOf = (option: string): string => names.get(option) ?? option
    throw new ConfigError(`${nameOf(error.option)} expected ${error.expected(nameOf)}, received ${error.received}`)
  }
  return options
}

/** The text of `--help`. */
export function help (): string {
  const rows = [
    ...flags.map(({ name, placeholder, description, defaultText }) => [`--${name} ${placeholder}`, toVariable(name), `${description} (${defaultText})`]),
    ['--help', '', 'print this help'],
    ['--version', '', 'print the version']
  ] as [string, string, string][]
  const widths = [0, 1].map(column => Math.max(...rows.map(row => row[column as 0 | 1].length)))
  const lines = rows.map(([flag, variable, description]) => `  ${flag.padEnd(widths[0] as number)}  ${variable.padEnd(widths[1] as number)}  ${description}`)
  return ['Usage: signalbox [flags]', '', 'Every flag has an environment variable; the flag takes precedence. Defaults are in parentheses.', '', ...lines, ''].join('\n')
}
