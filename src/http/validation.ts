import type { TSchema } from '@sinclair/typebox'
import { TypeCompiler, ValueErrorType, type TypeCheck, type ValueError } from '@sinclair/typebox/compiler'
import type { FastifyReply, FastifyRequest, FastifySchemaCompiler } from 'fastify'
import { expectation } from '../expectation.js'
import { serialize } from './json.js'

/**
 * Validates without coercion, unlike Fastify's default. Paths are not validated here: a malformed capability
 * is a box that is not found, like any unknown one.
 */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  if (httpPart === 'params') return UNCHECKED
  // Compiled at first use, since a server starts with many schemas.
  let check: TypeCheck<TSchema> | undefined
  // Returning a `value` would replace the input, and make every later access to the headers copy them.
  return (value: unknown) => {
    check ??= TypeCompiler.Compile(schema)
    if (check.Check(value)) return true
    const part = httpPart === 'querystring' ? 'query' : String(httpPart)
    return { error: new Error(describe(part, schema, check.Errors(value).First())) }
  }
}

/** For a part that is in the contract but validated elsewhere: without a schema, Fastify calls no validator. */
export const UNCHECKED = undefined as unknown as ReturnType<FastifySchemaCompiler<TSchema>>

/** Values and unknown names come from the caller and may contain a capability, so they are not repeated. */
function describe (part: string, schema: TSchema, error: ValueError | undefined): string {
  if (error?.type === ValueErrorType.ObjectAdditionalProperties) {
    const names = Object.keys(schema['properties'])
    return `${part}: accepts ${names.length === 0 ? 'no parameters' : `only ${names.join(', ')}`}`
  }
  return `${part}${(error?.path ?? '').replaceAll('/', '.')}: ${error === undefined ? 'unexpected' : `expected ${expectation(error)}`}`
}

/** Responses are typed by their schemas; a compiled serializer, or the host's, would add nothing. */
export const serializerCompiler = () => serialize

const DECIMAL = /^(?:0|[1-9][0-9]{0,15})$/

/**
 * A query is text: integers in plain decimal are parsed, and nothing else, so `1e2`, `0x10`, ` 1` and
 * `a=1&a=2` are validated as they are.
 */
export function readDecimals ({ query }: FastifyRequest & { query: Record<string, unknown> }, _reply: FastifyReply, done: () => void): void {
  for (const [name, value] of Object.entries(query)) {
    if (typeof value === 'string' && DECIMAL.test(value)) query[name] = Number(value)
  }
  done()
}
