import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import type { ResolvedOptions } from '../options.js'
import { JSON_TYPE } from './answers.js'

/** Under a name of its own, so that a host's own `swagger` stays what it is. */
const DECORATOR = 'boxContract'

type Contract = Record<string, any>

/** What operations follow from a created box, by its id. */
const LINKED = ['storeMessage', 'readMessages', 'acknowledge', 'drainMessages', 'deleteBox', 'getIceServers']

/** Gathers the routes that are registered on this scope after it. */
export async function collectContract (scope: FastifyInstance, version: string): Promise<void> {
  await scope.register(swagger, {
    decorator: DECORATOR as 'swagger',
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'signalbox',
        version,
        description: 'A message box over plain HTTP. Two parties who can pass each other a link can exchange messages; ' +
          'its first use is WebRTC signaling. Errors are problem details (RFC 9457).',
        license: { name: 'MIT', identifier: 'MIT' } as { name: string }
      },
      servers: [{ url: '/', description: 'This server' }],
      tags: [
        { name: 'box', description: 'A box and its messages.' },
        { name: 'classic', description: 'The API of the original script.' },
        { name: 'webrtc', description: 'What a peer connection needs besides its signaling.' }
      ],
      // The capability in the path is all the authority there is.
      security: []
    },
    transformObject: document => finish('openapiObject' in document ? document.openapiObject as Contract : {})
  })
}

/** What the routes' schemas have no place for: links, an optional body, and names for the components. */
function finish (contract: Contract): Contract {
  for (const path of Object.values<Contract>(contract.paths)) {
    for (const operation of Object.values<Contract>(path)) {
      if (operation.operationId !== 'createBox') continue
      operation.requestBody.required = false
      operation.responses['201'].links = Object.fromEntries(LINKED.map(operationId => [operationId, {
        operationId, parameters: { box: '$response.body#/data' }, description: 'On the box that was created.'
      }]))
    }
  }
  const schemas: Contract = {}
  contract.paths = nameComponents(contract.paths, schemas)
  contract.components = { schemas: Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => a < b ? -1 : 1)) }
  return contract
}

/** Moves every schema with a title to the components, so that generated clients have its name. */
function nameComponents (node: unknown, schemas: Contract): unknown {
  if (Array.isArray(node)) return node.map(item => nameComponents(item, schemas))
  if (typeof node !== 'object' || node === null) return node
  const named: Contract = Object.fromEntries(Object.entries(node).map(([key, value]) =>
    [key, key === 'example' ? value : nameComponents(value, schemas)]))
  const { title, ...schema } = named
  if (typeof title !== 'string') return named
  schemas[title] = schema
  return { $ref: `#/components/schemas/${title}` }
}

export function contractOf (scope: FastifyInstance): Contract {
  return scope.getDecorator<() => Contract>(DECORATOR)()
}

/** Serves the contract, and Swagger UI where the host does not have its own, which shows these routes too. */
export async function serveContract (scope: FastifyInstance, docs: ResolvedOptions['docs']): Promise<void> {
  scope.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) => {
    return reply.header('cache-control', 'no-cache').type(JSON_TYPE).send(JSON.stringify(contractOf(scope)))
  })
  if (docs === false || scope.hasDecorator('swaggerCSP')) return
  await scope.register(async ui => { await serveUi(ui, docs, `${scope.prefix}/openapi.json`) })
}

async function serveUi (scope: FastifyInstance, routePrefix: string, url: string): Promise<void> {
  // Its own /json and /yaml ask for the contract by this name.
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
    uiConfig: { url, tryItOutEnabled: true, deepLinking: true, validatorUrl: null }
  })
}
