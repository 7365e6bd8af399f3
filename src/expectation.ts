import type { ValueError } from '@sinclair/typebox/errors'

/** What a schema expects where a value does not fit, as the object of "expected". */
export function expectation ({ schema, message }: ValueError): string {
  const { expects, type, minimum, maximum } = schema
  if (expects !== undefined) return expects
  if (type !== 'integer') return message.replace(/^Expected /, '').toLowerCase()
  if (minimum === undefined) return 'an integer'
  const bounded = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER
  return bounded ? `an integer from ${minimum} to ${maximum}` : `an integer of at least ${minimum}`
}
