import type { FastifyInstance, FastifyRequest } from 'fastify'

/** The key of the decorator for the plugin's path: a symbol, so that it cannot collide with a host's. */
const BASE: unique symbol = Symbol('base')

type BaseOf = (request: FastifyRequest) => string

declare module 'fastify' {
  interface FastifyInstance {
    [BASE]?: BaseOf
  }
}

/** Call it on the scope with the plugin's own prefix. */
export function rememberBase (scope: FastifyInstance): void {
  scope.decorate(BASE, readBase(prefixOf(scope)))
}

/** The path below which a scope's routes lie: Fastify drops the slash at the end of a prefix when it adds a route. */
export function prefixOf ({ prefix }: FastifyInstance): string {
  return prefix.replace(/\/$/, '')
}

/** The path at which the plugin is served, as it appears in this request; empty outside the plugin. */
export function baseOf (request: FastifyRequest): string {
  return request.server?.[BASE]?.(request) ?? ''
}

/** A prefix with parameters (`/t/:tenant`) covers as many segments of the path as it has itself. */
function readBase (prefix: string): BaseOf {
  if (parametersOf(prefix).length === 0) return () => prefix
  const segments = prefix.split('/').length
  return ({ url }) => pathOf(url).split('/', segments).join('/')
}

/** The parameter names in a prefix. */
export function parametersOf (prefix: string): string[] {
  return Array.from(prefix.matchAll(/:(\w+)/g), ([, name = '']) => name)
}

/** Without the origin that a proxy's request line may contain, and without the slashes that a router may ignore. */
function pathOf (url: string): string {
  const [path = ''] = url.replace(/^\w+:\/\/[^/]*/, '').split('?', 1)
  return path.replace(/\/{2,}/g, '/')
}
