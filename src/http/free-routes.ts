import type { FastifyInstance } from 'fastify'
import { prefixOf } from './base.js'

type Plugin = (scope: FastifyInstance, options: object, done: (error?: Error) => void) => void

/**
 * Adds routes to a scope. If the server already has one of them, the error says what to do.
 * @param paths where the server must not have a GET or POST route of its own, even if the new routes lack that method
 * @param add registers plugins that have the routes
 */
export async function addRoutes (scope: FastifyInstance, paths: string[], add: () => Promise<void>): Promise<void> {
  if (scope.prefix.includes('*')) throw new TypeError(`boxPlugin: the prefix '${scope.prefix}' contains a wildcard`)
  const taken = paths.map(path => prefixOf(scope) + path).find(url => ['GET', 'POST'].some(method => scope.hasRoute({ method, url })))
  if (taken !== undefined) throw takenError(taken)
  catchThrown(scope)
  try {
    await add()
  } catch (error) {
    const { code, message } = error as Error & { code?: string }
    if (code !== 'FST_ERR_DUPLICATED_ROUTE') throw error
    throw takenError(/for route '(.*)'$/.exec(message)?.[1] ?? message, error)
  }
}

function takenError (url: string, cause?: unknown): TypeError {
  return new TypeError(`boxPlugin: this server already has a route '${url}'. Register the plugin with a prefix of its own, as in { prefix: '/signaling' }`, { cause })
}

/**
 * Fastify does not catch what a plugin with a callback throws, as @fastify/cors does if the server already has its
 * route, and the process ends. In this scope and those below, it fails the registration instead, as with an async
 * plugin.
 */
function catchThrown (scope: FastifyInstance): void {
  const register = scope.register as (plugin: unknown, options?: object) => unknown
  Object.assign(scope, {
    register (this: FastifyInstance, plugin: unknown, options?: object) {
      return register.call(this, typeof plugin === 'function' && plugin.length === 3 ? caught(plugin as Plugin) : plugin, options)
    }
  })
}

function caught (plugin: Plugin): Plugin {
  const safe: Plugin = (scope, options, done) => {
    try {
      plugin(scope, options, done)
    } catch (error) {
      done(error as Error)
    }
  }
  // Its name, and whether it is encapsulated.
  return Object.assign(safe, plugin)
}
