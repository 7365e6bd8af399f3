import { hash } from 'node:crypto'
import type {} from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { loadOptional } from '../optional.js'
import type { Api } from './api.js'
import { prefixOf } from './base.js'
import { finishDocument, type JsonObject, type Registration } from './document.js'
import { JSON_TYPE } from './json.js'
import { sendProblem } from './problem.js'
import { countedAs } from './rate-limit.js'
import { SECURITY_HEADERS } from './resource.js'
import { singleMediaForm } from './single-media.js'

/** A separate name, so that the host's own `swagger` stays intact. */
const DECORATOR = 'boxContract'

/** A resource of the plugin: the routes under a prefix. */
interface Resource {
  prefix: string
  routes: (scope: FastifyInstance, api: Api) => Promise<void>
}

/**
 * Collects the routes registered on this scope after this call.
 * @returns the resources that serve the contract; register them after all other routes
 */
export async function collectContract (scope: FastifyInstance, version: string, registration: Registration): Promise<Resource[]> {
  const info = {
    title: 'signalbox',
    version,
    description: 'A message box over plain HTTP: two parties who can share a link can exchange messages. ' +
      'Its main use is WebRTC signaling. Errors are problem details (RFC 9457).',
    contact: { name: 'The fastify-signalbox contributors' },
    license: { name: 'MIT', identifier: 'MIT' }
  }
  const { default: swagger } = await import('@fastify/swagger')
  await scope.register(swagger, {
    decorator: DECORATOR as 'swagger',
    openapi: {
      openapi: '3.1.0',
      info,
      servers: [{ url: '/', description: 'This server' }],
      tags: [
        { name: 'box', description: 'Boxes and their messages.' },
        { name: 'classic', description: 'The API of the PHP script that this server replaces.' },
        { name: 'webrtc', description: 'What a WebRTC connection needs besides signaling.' }
      ],
      // The capability in the path is the only authorization.
      security: []
    }
  })

  /** Every document, the host's included, calls this for the last of the plugin's routes, when it has all the others. */
  const swaggerTransform = ({ schema, url, ...made }: JsonObject) => {
    const document: JsonObject = made.openapiObject ?? made.swaggerObject
    finishDocument(document, registration, document.info === info)
    return { schema, url }
  }
  const contract = () => scope.getDecorator<() => JsonObject>(DECORATOR)()
  return [
    { prefix: '/openapi-3.0.json', routes: async (scope, api) => { await serve(scope, api, () => singleMediaForm(contract()), {}) } },
    { prefix: '/openapi.json', routes: async (scope, api) => { await serve(scope, api, contract, { swaggerTransform }) } }
  ]
}

/** Serves a document, which is made at the first request. */
async function serve (scope: FastifyInstance, { limiter }: Api, document: () => JsonObject, config: object): Promise<void> {
  let made: { bytes: Buffer, etag: string } | undefined
  scope.get('', { schema: { hide: true }, config, onRequest: countedAs(limiter, 'files') }, async ({ headers }, reply) => {
    const { bytes, etag } = made ??= withEtag(JSON.stringify(document()))
    reply.headers({ 'cache-control': 'no-cache', etag })
    if (headers['if-none-match']?.includes(etag) === true) return reply.code(304).send()
    return reply.type(JSON_TYPE).send(bytes)
  })
}

function withEtag (text: string): { bytes: Buffer, etag: string } {
  return { bytes: Buffer.from(text), etag: `"${hash('sha256', text, 'base64url')}"` }
}

/** Loaded only if it is served, since it takes longer to load than Fastify itself. */
async function loadSwaggerUi () {
  const { default: swaggerUi } = await loadOptional('boxPlugin: Swagger UI', () => import('@fastify/swagger-ui'), 'npm install @fastify/swagger-ui, or set docs to false')
  return swaggerUi
}

/**
 * Serves Swagger UI unless the host has its own, which shows these routes too.
 * @param asked whether it was explicitly requested; if it is served only by default, it may be missing, and the
 * log says so
 */
export async function serveUi (app: FastifyInstance, { limiter }: Api, routePrefix: string, asked: boolean): Promise<void> {
  if (app.hasDecorator('swaggerCSP')) return
  const swaggerUi = await loadSwaggerUi().catch((error: Error) => {
    if (asked) throw error
    app.log.warn(error.message)
  })
  if (swaggerUi === undefined) return
  const url = [routePrefix, `${routePrefix}/`].map(path => prefixOf(app) + path).find(url => app.hasRoute({ method: 'GET', url }))
  if (url !== undefined) {
    const message = `boxPlugin: this server already has a route '${url}', so Swagger UI is not served there. Set the option docs to another path, or to false`
    if (asked) throw new TypeError(message)
    return app.log.warn(message)
  }
  await app.register(async scope => {
    scope.setErrorHandler(sendProblem)
    scope.addHook('onRequest', async (_request, reply) => { reply.headers(SECURITY_HEADERS) })
    for (const hook of countedAs(limiter, 'files')) scope.addHook('onRequest', hook)
    scope.addHook('onRequest', async (request, reply) => {
      // Its page uses relative URLs, which a prefix with parameters requires.
      const [path = '', query] = request.url.split('?')
      if (path.endsWith(routePrefix)) return reply.redirect(`${routePrefix.slice(routePrefix.lastIndexOf('/') + 1)}/${query === undefined ? '' : `?${query}`}`)
    })
    // Its own /json and /yaml routes look up the contract by this name.
    if (!scope.hasDecorator('swagger')) scope.decorate('swagger', scope.getDecorator<FastifyInstance['swagger']>(DECORATOR))
    await scope.register(swaggerUi, {
      routePrefix,
      staticCSP: {
        'default-src': "'none'",
        'base-uri': "'none'",
        'connect-src': "'self'",
        'font-src': "'self'",
        'form-action': "'self'",
        'frame-ancestors': "'none'",
        'img-src': ["'self'", 'data:'],
        'script-src': "'self'",
        'style-src': ["'self'", "'unsafe-inline'"]
      },
      uiConfig: { tryItOutEnabled: true, deepLinking: true, validatorUrl: null }
    })
  })
}
