import { parseArgs } from 'node:util'
import { resolveOptions, type BoxPluginOptions } from '../options.js'
import { flags, FlagError, toFlagName, toVariable, type Flag } from './flags.js'
import type { StoreAddress } from './open-store.js'

export interface Config {
  port: number
  host: string
  store: StoreAddress
  /** addresses and CIDRs of proxies; empty where none is trusted */
  trustProxy: string[]
  logLevel: string
  /** for `boxPlugin` */
  box: BoxPluginOptions
}

/** A mistake of whoever starts the server. The message is one sentence that says what to change. */
export class ConfigError extends Error {}

type Environment = Record<string, string | undefined>

/**
 * Reads the flags and the environment; a flag wins, and an empty variable is none.
 * @returns 'help' or 'version' where that is asked for
 * @throws ConfigError
 */
export function readConfig (args: readonly string[], environment: Environment): Config | 'help' | 'version' {
  const given = readFlags(args)
  if (given['help'] === true) return 'help'
  if (given['version'] === true) return 'version'

  const values = new Map<string, unknown>()
  /** how each option was given, for messages that speak of it */
  const spelled = new Map<string, string>()
  for (const flag of flags) {
    const fromFlag = given[flag.name] as string | undefined
    const text = fromFlag ?? environment[toVariable(flag.name)]
    const name = fromFlag === undefined ? toVariable(flag.name) : `--${flag.name}`
    if (flag.option !== undefined) spelled.set(flag.option, text === undefined || text === '' ? `--${flag.name}` : name)
    // The plugin's own defaults hold where nothing is given.
    if (fromFlag === undefined && (text === undefined || text === '')) {
      if (flag.option === undefined) values.set(flag.name, flag.read(flag.fallback))
    } else values.set(flag.name, read(flag, name, text ?? ''))
  }

  const box = boxOptions(values)
  try {
    resolveOptions(box)
  } catch (error) {
    const message = (error as Error).message.replace(/^boxPlugin: option '([\w.]+)'/, (_, option: string) => spelled.get(option) ?? toFlagName(option))
    throw new ConfigError(message)
  }
  return {
    port: values.get('port') as number,
    host: values.get('host') as string,
    store: values.get('store') as StoreAddress,
    trustProxy: values.get('trust-proxy') as string[],
    logLevel: values.get('log-level') as string,
    box
  }
}

function readFlags (args: readonly string[]): Record<string, string | boolean | undefined> {
  const options = Object.fromEntries(flags.map(({ name }) => [name, { type: 'string' as const }]))
  try {
    return parseArgs({ args: [...args], options: { ...options, help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } } }).values
  } catch (error) {
    // Node's own first sentence names the argument; the rest of it is advice for other programs.
    const [sentence] = (error as Error).message.split(/\. |\n/)
    throw new ConfigError(`${sentence}; --help lists the flags`)
  }
}

function read (flag: Flag, name: string, text: string): unknown {
  try {
    return flag.read(text)
  } catch (error) {
    if (!(error instanceof FlagError)) throw error
    // A store's address may hold a password, so it is not repeated.
    const received = flag.name === 'store' ? '' : `, received ${JSON.stringify(text)}`
    throw new ConfigError(`${name} expected ${error.message}${received}`)
  }
}

/** The values of the plugin's options, nested as it takes them. */
function boxOptions (values: Map<string, unknown>): BoxPluginOptions {
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

/** What `--help` prints. */
export function help (): string {
  const rows = [
    ...flags.map(({ name, hint, about, fallback }) => [`--${name} ${hint}`, toVariable(name), `${about} (${fallback})`]),
    ['--help', '', 'prints this'],
    ['--version', '', 'prints the version']
  ] as [string, string, string][]
  const widths = [0, 1].map(column => Math.max(...rows.map(row => row[column as 0 | 1].length)))
  const lines = rows.map(([flag, variable, about]) => `  ${flag.padEnd(widths[0] as number)}  ${variable.padEnd(widths[1] as number)}  ${about}`)
  return ['Usage: signalbox [flags]', '', 'Each flag has an environment variable; the flag wins. The default is in brackets.', '', ...lines, ''].join('\n')
}
