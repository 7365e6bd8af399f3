import { parseArgs } from 'node:util'
import { resolveOptions, type BoxPluginOptions } from '../options.js'
import type { ConnectionLimits } from './connections.js'
import { flags, FlagError, toFlagName, toVariable, type Flag } from './flags.js'
import type { StoreAddress } from './open-store.js'

export interface Config {
  port: number
  host: string
  store: StoreAddress
  /** addresses and CIDR ranges of trusted proxies; empty if none is trusted */
  trustProxy: string[]
  connections: ConnectionLimits
  logLevel: string
  /** the options of `boxPlugin` */
  box: BoxPluginOptions
}

/** A configuration error. Its message is one sentence that says what to change. */
export class ConfigError extends Error {}

type Environment = Record<string, string | undefined>

/**
 * Reads the flags and the environment variables. A flag wins; an empty variable counts as absent.
 * @returns 'help' or 'version' if that was requested
 * @throws ConfigError
 */
export function readConfig (args: readonly string[], environment: Environment): Config | 'help' | 'version' {
  const given = readFlags(args)
  if (given['help'] === true) return 'help'
  if (given['version'] === true) return 'version'

  const values = new Map<string, unknown>()
  /** how each option was given, for error messages */
  const givenAs = new Map<string, string>()
  for (const flag of flags) {
    const fromFlag = given[flag.name] as string | undefined
    const text = fromFlag ?? environment[toVariable(flag.name)]
    const name = fromFlag === undefined ? toVariable(flag.name) : `--${flag.name}`
    if (flag.option !== undefined) givenAs.set(flag.option, text === undefined || text === '' ? `--${flag.name}` : name)
    // If nothing is given, the plugin's own defaults apply.
    if (fromFlag === undefined && (text === undefined || text === '')) {
      if (flag.option === undefined) values.set(flag.name, flag.read(flag.defaultText))
    } else values.set(flag.name, read(flag, name, text ?? ''))
  }

  const box = pluginOptions(values)
  try {
    resolveOptions(box)
  } catch (error) {
    const message = (error as Error).message.replace(/^boxPlugin: option '([\w.]+)'/, (_, option: string) => givenAs.get(option) ?? toFlagName(option))
    throw new ConfigError(message)
  }
  return {
    port: values.get('port') as number,
    host: values.get('host') as string,
    store: values.get('store') as StoreAddress,
    trustProxy: values.get('trust-proxy') as string[],
    connections: {
      total: values.get('max-connections') as number,
      perAddress: values.get('rate-limit') === 'off' ? Infinity : values.get('rate-limit-connections') as number
    },
    logLevel: values.get('log-level') as string,
    box
  }
}

function readFlags (args: readonly string[]): Record<string, string | boolean | undefined> {
  const options = Object.fromEntries(flags.map(({ name }) => [name, { type: 'string' as const }]))
  try {
    return parseArgs({ args: [...args], options: { ...options, help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } } }).values
  } catch (error) {
    // The first sentence of Node's message names the argument; the rest does not apply here.
    const [sentence] = (error as Error).message.split(/\. |\n/)
    throw new ConfigError(`${sentence}; see --help`)
  }
}

function read (flag: Flag, name: string, text: string): unknown {
  try {
    return flag.read(text)
  } catch (error) {
    if (!(error instanceof FlagError)) throw error
    // A store's address may contain a password, so it is not repeated.
    const received = flag.name === 'store' ? '' : `, received ${JSON.stringify(text)}`
    throw new ConfigError(`${name} expected ${error.message}${received}`)
  }
}

/** The options of the plugin, nested as it expects them. */
function pluginOptions (values: Map<string, unknown>): BoxPluginOptions {
  const options: Record<string, unknown> = {}
  for (const { name, option } of flags) {
    if (option === undefined || !values.has(name)) continue
    const [outer = '', inner] = option.split('.')
    if (inner === undefined) options[outer] = values.get(name)
    else options[outer] = { ...options[outer] as object, [inner]: values.get(name) }
  }
  if (values.get('rate-limit') === 'off') options['rateLimit'] = false
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
