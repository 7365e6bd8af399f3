import type { FastifyInstance, FastifyRequest } from 'fastify'

/** Where a scope has the path that the plugin is served at: no name that a host could have too. */
const BASE: unique symbol = Symbol('base')

type BaseOf = (request: FastifyRequest) => string

declare module 'fastify' {
  interface FastifyInstance {
    [BASE]?: BaseOf
  }
}

/** To be called on the scope that has the plugin's own prefix. */
export function rememberBase (scope: FastifyInstance): void {
  scope.decorate(BASE, readBase(scope.prefix))
}

/** The path that the plugin is served at, as this request has it; empty outside the plugin. */
export function baseOf (request: FastifyRequest): string {
  return request.server?.[BASE]?.(request) ?? ''
}

/** A prefix with parameters (`/t/:tenant`) is as many of the path's first segments as the prefix has itself. */
function readBase (prefix: string): BaseOf {
  if (parametersOf(prefix).length === 0) return () => prefix
  const segments = prefix.split('/').length
  return ({ url }) => pathOf(url).split('/', segments).join('/')
}

/** The names of a prefix's parameters. */
export function parametersOf (prefix: string): string[] {
  return Array.from(prefix.matchAll(/:(\w+)/g), ([, name]) => name as string)
}

/** Neither the origin that a proxy's request line may have, nor the slashes that a router may ignore. */
function pathOf (url: string): string {
  const [path = ''] = url.replace(/^\w+:\/\/[^/]*/, '').split('?', 1)
  return path.replace(/\/{2,}/g, '/')
}
