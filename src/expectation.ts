import type { ValueError } from '@sinclair/typebox/errors'

const ARTICLES: Record<string, string> = { object: 'an object', array: 'an array', string: 'a string', boolean: 'a boolean' }

const patterns = new Map<string, string>()

/** Says in words what a pattern accepts. The words are kept outside the schema, since OpenAPI has no place for them. */
export function inWords (pattern: string, words: string): string {
  patterns.set(pattern, words)
  return pattern
}

/** What a schema expects where a value does not fit, as the object of "expected". */
export function expectation ({ schema, message }: ValueError): string {
  const { expects, pattern, type, minimum, maximum } = schema
  const words = expects ?? patterns.get(pattern)
  if (words !== undefined) return words
  if (type !== 'integer') {
    const said = message.replace(/^Expected /, '').toLowerCase()
    return ARTICLES[said] ?? said
  }
  if (minimum === undefined) return 'an integer'
  const bounded = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER
  return bounded ? `an integer from ${minimum} to ${maximum}` : `an integer of at least ${minimum}`
}
