import { isDeepStrictEqual } from 'node:util'
import { Type, type TObject } from '@sinclair/typebox'
import { parametersOf } from './base.js'
import { JSON_TYPE } from './json.js'

/** Any part of an OpenAPI document in the making, the plugin's or the host's. */
export type JsonObject = Record<string, any>

/** Marks an operation as part of a registration until the document is finished. */
const MARK = 'x-registration'

const JSON_BODY = 'application/json'

/** In the schema of an operation that may create a box: its body is optional, and it links to the operations on a box. */
export const CREATES_BOX = 'x-creates-box'

export interface Registration {
  prefix: string
  /** How the operations appear in the host's document: under their own names, with this word as a prefix, or not at all. */
  hostDocs: boolean | string
}

/** An operation of a registration, with the parameters of its prefix. */
export function registered<T extends { params?: TObject }> (operation: T, registration: Registration): T {
  const names = parametersOf(registration.prefix)
  if (names.length === 0) return { ...operation, [MARK]: registration }
  const ofPrefix = Object.fromEntries(names.map(name => [name, Type.String({ description: 'Part of the path under which the boxes are served.' })]))
  return { ...operation, params: Type.Object({ ...ofPrefix, ...operation.params?.properties }), [MARK]: registration }
}

/**
 * Adds to a document what the routes' schemas cannot express: links, the optional body, path parameters
 * first, and names that are unique in it so far. Call it when all routes of the registration are in the document.
 */
export function finishDocument (document: JsonObject, registration: Registration, isOwn: boolean): void {
  const { ours, taken } = sortOperations(document, registration)
  if (!isOwn && registration.hostDocs === false) return removeOperations(document, registration)
  const name = isOwn ? '' : nameFor(ours, taken, registration)
  const links = linksTo(ours.filter(operation => takesBox(operation) && operation[CREATES_BOX] !== true), name)
  for (const operation of ours) {
    if (operation[CREATES_BOX] === true) finishCreate(operation, links)
    delete operation[CREATES_BOX]
    delete operation[MARK]
    operation.operationId = prefixed(name, operation.operationId)
    sayMediaType(operation.requestBody)
    operation.parameters?.sort((a: JsonObject, b: JsonObject) => Number(b.in === 'path') - Number(a.in === 'path'))
  }
  // Swagger 2.0 keeps its components elsewhere and gets none.
  if (document.openapi !== undefined) nameComponents(document, ours, name)
}

function operationsOf (document: JsonObject): JsonObject[] {
  return Object.values<JsonObject>(document.paths).flatMap(path => Object.values(path)).filter(part => typeof part === 'object' && !Array.isArray(part))
}

function sortOperations (document: JsonObject, registration: Registration): { ours: JsonObject[], taken: Set<string> } {
  const ours: JsonObject[] = []
  const taken = new Set<string>()
  for (const operation of operationsOf(document)) {
    if (operation[MARK] === registration) ours.push(operation)
    else taken.add(operation.operationId)
  }
  return { ours, taken }
}

function removeOperations ({ paths }: JsonObject, registration: Registration): void {
  for (const [url, path] of Object.entries<JsonObject>(paths)) {
    for (const [method, operation] of Object.entries(path)) {
      if (operation[MARK] === registration) delete path[method]
    }
    if (Object.keys(path).length === 0) delete paths[url]
  }
}

/** Uses the contract's own names if they are free; otherwise, puts the host's word or the prefix in front of them. */
function nameFor (ours: JsonObject[], taken: Set<string>, { prefix, hostDocs }: Registration): string {
  const isFree = (name: string): boolean => ours.every(({ operationId }) => !taken.has(prefixed(name, operationId)))
  if (typeof hostDocs !== 'string' && isFree('')) return ''
  const [first = 'box', ...more] = prefix.match(/[A-Za-z0-9]+/g) ?? []
  return numbered(typeof hostDocs === 'string' ? hostDocs : first + more.map(capitalized).join(''), isFree)
}

/** The name, with the first number from 2 that makes it unique if it is taken. */
function numbered (name: string, isFree: (name: string) => boolean): string {
  let number = 1
  const candidate = (): string => number === 1 ? name : name + number
  while (!isFree(candidate())) number++
  return candidate()
}

function prefixed (name: string, own: string): string {
  return name === '' ? own : name + capitalized(own)
}

function capitalized (word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}

/**
 * Adds a charset, which changes nothing by itself: some `fetch` clients (kubb's) send the media type only if it
 * is not plain `application/json`, and a body without one arrives as text and would be stored as text.
 */
function sayMediaType (body: JsonObject | undefined): void {
  const { [JSON_BODY]: json, ...others } = body?.content ?? {}
  if (body !== undefined && json !== undefined) body.content = { [JSON_TYPE]: json, ...others }
}

function takesBox ({ parameters = [] }: JsonObject): boolean {
  return parameters.some((parameter: JsonObject) => parameter.in === 'path' && parameter.name === 'box')
}

function linksTo (operations: JsonObject[], name: string): JsonObject {
  return Object.fromEntries(operations.map(({ operationId }) => [operationId, {
    operationId: prefixed(name, operationId), parameters: { box: '$response.body#/data' }, description: 'Applies to the box that was created.'
  }]))
}

function finishCreate (operation: JsonObject, links: JsonObject): void {
  // Swagger 2.0 has neither a `requestBody` nor links.
  if (operation.requestBody === undefined) return
  operation.requestBody.required = false
  operation.responses['201'].links = links
}

/** The name of the component that a reference points to. */
export function nameIn (ref: string): string {
  return ref.slice(ref.lastIndexOf('/') + 1)
}

/** Moves every schema with a title to the components, so that generated clients use its name. */
function nameComponents (document: JsonObject, ours: JsonObject[], name: string): void {
  const schemas: JsonObject = { ...document.components?.schemas }

  function named (node: unknown): unknown {
    if (Array.isArray(node)) return node.map(named)
    if (typeof node !== 'object' || node === null) return node
    const parts: JsonObject = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, key === 'example' ? value : named(value)]))
    if (parts.discriminator !== undefined) parts.discriminator.mapping = mapping(parts.discriminator.propertyName, parts.oneOf)
    const { title, ...schema } = parts
    return typeof title === 'string' ? { $ref: `#/components/schemas/${place(title, schema)}` } : parts
  }

  /** Identical schemas are added only once, however many registrations share them. */
  function place (title: string, schema: JsonObject): string {
    const isFree = (candidate: string): boolean => schemas[candidate] === undefined || isDeepStrictEqual(schemas[candidate], schema)
    const free = isFree(title) ? title : numbered(capitalized(prefixed(name, title)), isFree)
    schemas[free] = schema
    return free
  }

  function mapping (property: string, members: Array<{ $ref: string }>): JsonObject {
    return Object.fromEntries(members.map(({ $ref }) => {
      const { enum: values = [], const: value = values[0] } = schemas[nameIn($ref)].properties[property]
      return [value, $ref]
    }))
  }

  for (const operation of ours) Object.assign(operation, named(operation))
  document.components = {
    ...document.components,
    schemas: Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => a < b ? -1 : 1))
  }
}
