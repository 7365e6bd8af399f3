import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import helmet from '@fastify/helmet'
import serveStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'

/** Where the build puts the call page, from this file's place in src and in dist alike. */
const BUILT = new URL('../../dist/web/', import.meta.url)

const YEAR = 31_536_000

/** The call page at `/`, which runs nothing but its own files and talks to nothing but this server. */
export async function callPage (app: FastifyInstance, built: URL = BUILT): Promise<void> {
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
    // Whether this host has TLS, and all hosts below its domain have, is for who runs it to say.
    strictTransportSecurity: false
  })
  app.addHook('onRequest', async ({ routeOptions: { url: path = '' } }, reply) => {
    reply.header('permissions-policy', 'camera=(self), microphone=(self), display-capture=(self), geolocation=()')
    const fixed = /-[A-Z0-9]{8}\.\w+$/.test(path)
    reply.header('cache-control', fixed ? `public, max-age=${YEAR}, immutable` : 'no-cache')
  })

  const root = fileURLToPath(built)
  if (!existsSync(new URL('index.html', built))) {
    app.get('/', async (_request, reply) => reply.type('text/plain; charset=utf-8').send('signalbox is running. Its call page is not built; npm run build makes it.\n'))
    return
  }
  await app.register(serveStatic, {
    root,
    // One route for each file that is there, so that everything else stays a 404 of ours.
    wildcard: false,
    cacheControl: false
  })
}
