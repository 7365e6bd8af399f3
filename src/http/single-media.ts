import { nameIn, type JsonObject } from './document.js'
import { STREAM_TYPE } from './held-response.js'

/**
 * The contract in a form for all client generators: OpenAPI 3.0 with one media type per body and response.
 *
 * - A body is plain `application/json`; many generators recognize no other name for JSON.
 * - Reads return JSON; the event stream and its header are for plain HTTP clients, and so is `streamBoxes`, which has no
 *   other response: a generated method would wait for the end of it.
 * - All errors are one `default` response with a Problem, so that they share a type, which unlisted ones (405,
 *   408, 414 …) have too.
 * - Patterns and limits are left to the server: in clients, they would become separate types.
 * - A message is any JSON value; every language already has a type for that.
 * - The classic response, one of three, is one object with the members of all: half of the generators cannot
 *   handle `oneOf`, with or without a discriminator.
 * @param contract in OpenAPI 3.1; not changed
 */
export function singleMediaForm (contract: JsonObject): JsonObject {
  const { openapi: _, info: { license, ...info }, ...rest }: JsonObject = plain(contract)
  for (const [url, path] of Object.entries<JsonObject>(rest.paths)) {
    for (const [method, operation] of Object.entries<JsonObject>(path)) {
      if (isStreamOnly(operation)) delete path[method]
      else simplify(operation)
    }
    if (Object.keys(path).length === 0) delete rest.paths[url]
  }
  const { schemas } = rest.components
  for (const [name, schema] of Object.entries<JsonObject>(schemas)) {
    if (schema.oneOf !== undefined) schemas[name] = oneObject(schema, schemas)
  }
  for (const name of ['Message', ...unused(rest)]) delete schemas[name]
  return { openapi: '3.0.3', info: { ...info, license: { name: license.name } }, ...rest }
}

const CHECKS = ['pattern', 'minimum', 'maximum']

function plain (node: unknown): any {
  if (Array.isArray(node)) return node.map(plain)
  if (typeof node !== 'object' || node === null) return node
  if ('$ref' in node && node.$ref === '#/components/schemas/Message') return { description: 'Any JSON value.' }
  return Object.fromEntries(Object.entries(node)
    .filter(([key]) => !('type' in node && CHECKS.includes(key)))
    .map(([key, value]) => [key, key === 'example' ? value : plain(value)]))
}

function isStreamOnly ({ responses }: JsonObject): boolean {
  return Object.keys(responses['200']?.content ?? {}).join() === STREAM_TYPE
}

function simplify (operation: JsonObject): void {
  const { requestBody } = operation
  if (requestBody !== undefined) requestBody.content = { 'application/json': Object.values(requestBody.content)[0] }
  operation.parameters = operation.parameters?.filter(({ name }: JsonObject) => name.toLowerCase() !== 'last-event-id')
  const answers = Object.entries<JsonObject>(operation.responses)
  const good = answers.filter(([status]) => status.startsWith('2'))
  for (const [, answer] of good) {
    if (answer.content !== undefined) answer.content = { 'application/json': answer.content['application/json'] }
  }
  const problem = answers.find(([status]) => !status.startsWith('2'))?.[1].content['application/problem+json']
  const failed = { description: 'What went wrong and what to do next.', content: { 'application/json': problem } }
  operation.responses = { ...Object.fromEntries(good), default: failed }
}

/** Merges a `oneOf` of objects into one object; members that not all of them have become optional. */
function oneObject ({ description, oneOf }: JsonObject, schemas: JsonObject): JsonObject {
  const members: JsonObject[] = oneOf.map(({ $ref }: JsonObject) => schemas[nameIn($ref)])
  const names = new Set(members.flatMap(({ properties }) => Object.keys(properties)))
  return {
    type: 'object',
    required: members[0]?.required.filter((name: string) => members.every(({ required }) => required.includes(name))),
    properties: Object.fromEntries(Array.from(names, name => [name, merged(members.map(({ properties }) => properties[name]).filter(Boolean))])),
    description
  }
}

/** Values of the same type keep the type, with all possible values. */
function merged (schemas: JsonObject[]): JsonObject {
  if (new Set(schemas.map(({ type }) => type)).size > 1) return { description: schemas.map(({ description }) => description).join(' Or: ') }
  const [first = {}] = schemas
  return first.enum === undefined ? first : { ...first, enum: schemas.flatMap(schema => schema.enum) }
}

/** Components that nothing refers to. */
function unused (contract: JsonObject): string[] {
  const used = new Set(Array.from(JSON.stringify(contract).matchAll(/"\$ref":"([^"]+)"/g), ([, ref = '']) => nameIn(ref)))
  return Object.keys(contract.components.schemas).filter(name => !used.has(name))
}
