import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import helmet from '@fastify/helmet'
import serveStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import { countedAs, type Limiter } from '../http/rate-limit.js'

/** Where the build puts the call page, relative to this file both in src and in dist. */
const BUILT = new URL('../../dist/web/', import.meta.url)

const YEAR = 31_536_000

/** Serves the call page at `/`. It runs only its own files and talks only to this server. */
export async function serveCallPage (app: FastifyInstance, limiter: Limiter, built: URL = BUILT): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        baseUri: ["'none'"],
        connectSrc: ["'self'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
        imgSrc: ["'self'", 'data:'],
        manifestSrc: ["'self'"],
        mediaSrc: ["'self'", 'blob:'],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"]
      }
    },
    xFrameOptions: { action: 'deny' },
    // Only the operator knows whether this host and all its subdomains use TLS.
    strictTransportSecurity: false
  })
  // Before a header says that a response may be kept, since a refusal may not.
  for (const hook of countedAs(limiter, 'files')) app.addHook('onRequest', hook)
  app.addHook('onRequest', async ({ routeOptions: { url: path = '' } }, reply) => {
    reply.header('permissions-policy', 'camera=(self), microphone=(self), display-capture=(self), geolocation=()')
    reply.header('vary', 'accept-encoding')
    const fixed = /-[A-Z0-9]{8}\.\w+$/.test(path)
    reply.header('cache-control', fixed ? `public, max-age=${YEAR}, immutable` : 'no-cache')
  })

  const root = fileURLToPath(built)
  if (!existsSync(new URL('index.html', built))) {
    app.get('/', async (_request, reply) => reply.type('text/plain; charset=utf-8').send('signalbox is running. The call page has not been built; run npm run build.\n'))
    return
  }
  await app.register(serveStatic, {
    root,
    // One route per file, so that everything else gets our own 404.
    wildcard: false,
    globIgnore: ['**/*.br'],
    preCompressed: true,
    cacheControl: false
  })
}
