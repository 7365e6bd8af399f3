import type { ValueError } from '@sinclair/typebox/errors'

const ARTICLES: Record<string, string> = { object: 'an object', array: 'an array', string: 'a string', boolean: 'a boolean' }

/** The key under which a schema says in words what it accepts. Unlike `expects`, it does not become part of the contract. */
export const IN_WORDS: unique symbol = Symbol('in words')

/** What a schema expects where a value does not fit, as the object of "expected". */
export function expectation ({ schema, message }: ValueError): string {
  const { expects, type, minimum, maximum } = schema
  const words = expects ?? (schema as { [IN_WORDS]?: string })[IN_WORDS]
  if (words !== undefined) return words
  if (type !== 'integer') {
    const said = message.replace(/^Expected /, '').toLowerCase()
    return ARTICLES[said] ?? said
  }
  if (minimum === undefined) return 'an integer'
  const bounded = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER
  return bounded ? `an integer from ${minimum} to ${maximum}` : `an integer of at least ${minimum}`
}
