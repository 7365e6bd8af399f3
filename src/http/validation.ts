import type { TSchema } from '@sinclair/typebox'
import { TypeCompiler, ValueErrorType, type TypeCheck, type ValueError } from '@sinclair/typebox/compiler'
import type { FastifyReply, FastifyRequest, FastifySchemaCompiler } from 'fastify'

/**
 * Checks and coerces nothing, unlike Fastify's default. Paths are not checked here: a malformed
 * capability is a box that is not found, like any unknown one.
 */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  if (httpPart === 'params') return unchecked()
  // Compiled when the first value comes, since a server starts with many schemas.
  let check: TypeCheck<TSchema> | undefined
  // A `value` in the answer would be put back in place of what came, and makes each later look at the headers copy them.
  return (value: unknown) => {
    check ??= TypeCompiler.Compile(schema)
    if (check.Check(value)) return true
    const part = httpPart === 'querystring' ? 'query' : String(httpPart)
    return { error: new Error(describe(part, schema, check.Errors(value).First())) }
  }
}

/** For a part that is in the contract and is checked elsewhere: Fastify calls no validator where there is none. */
export const unchecked = () => undefined as unknown as ReturnType<FastifySchemaCompiler<TSchema>>

/** Values and unknown names are the caller's own and may hold a capability, so they are not repeated. */
function describe (part: string, schema: TSchema, error: ValueError | undefined): string {
  if (error?.type === ValueErrorType.ObjectAdditionalProperties) {
    const names = Object.keys(schema['properties'])
    return `${part}: takes ${names.length === 0 ? 'no members' : `no members but ${names.join(', ')}`}`
  }
  return `${part}${(error?.path ?? '').replaceAll('/', '.')}: ${(error?.message ?? 'unexpected').toLowerCase()}`
}

/** Answers are typed by their schemas; a compiler or a host's own serializer has nothing to add to that. */
export const print = (data: unknown): string => JSON.stringify(data)
export const serializerCompiler = () => print

const DECIMAL = /^(?:0|[1-9][0-9]{0,15})$/

/**
 * A query is text: whole numbers in plain decimal are read as such, and nothing else is, so
 * `1e2`, `0x10`, ` 1` and `a=1&a=2` meet the schema as what they are.
 */
export function readDecimals (request: FastifyRequest, _reply: FastifyReply, done: () => void): void {
  const query = request.query as Record<string, unknown>
  for (const [name, value] of Object.entries(query)) {
    if (typeof value === 'string' && DECIMAL.test(value)) query[name] = Number(value)
  }
  done()
}
