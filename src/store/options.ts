import { inspect } from 'node:util'
import { nearest } from '../nearest.js'

/** What an option must be, in words and as a test. */
type Rule = readonly [expected: string, isValid: (value: unknown) => boolean]

/** The longest time that a timer can be set to. */
const MAX_TIME = 2 ** 31 - 1

/** @throws TypeError that names the option, what was expected and what was received */
export function checkOptions (maker: string, options: unknown, rules: Record<string, Rule>): void {
  if (typeof options !== 'object' || options === null) throw new TypeError(`${maker}: expected an object of options, received ${String(options)}`)
  const names = Object.keys(rules)
  for (const name of Object.keys(options)) if (!names.includes(name)) throw unknownOption(maker, name, names)
  for (const [name, [expected, isValid]] of Object.entries(rules)) {
    const value: unknown = options[name as keyof typeof options]
    if (!isValid(value)) throw invalidOption(maker, name, expected, value)
  }
}

/** The same for an option that may be absent. */
export function optional ([expected, isValid]: Rule): Rule {
  return [expected, value => value === undefined || isValid(value)]
}

export const isDeadline = optional([`a time from 1 to ${MAX_TIME} ms`, value => typeof value === 'number' && value >= 1 && value <= MAX_TIME])

export const isFunction = optional(['a function', value => typeof value === 'function'])

function unknownOption (maker: string, name: string, names: string[]): TypeError {
  const other = nearest(name, names)
  return new TypeError(`${maker}: unknown option '${name}'${other === undefined ? '' : `. Did you mean '${other}'?`}`)
}

/** Does not show a URL or a client, which may contain a password. */
function invalidOption (maker: string, name: string, expected: string, received: unknown): TypeError {
  const shown = name === 'url' || name === 'client' ? `a value of type ${typeof received}` : inspect(received, { depth: 1, breakLength: Infinity, maxStringLength: 100 })
  return new TypeError(`${maker}: option '${name}' expected ${expected}, received ${shown}`)
}
