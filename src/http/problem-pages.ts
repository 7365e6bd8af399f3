import type { FastifyInstance } from 'fastify'
import { errorTable, NoRouteError, problemName } from '../errors.js'
import type { Api } from './api.js'
import { baseOf } from './base.js'
import { JSON_TYPE } from './json.js'
import { countedAs } from './rate-limit.js'

/** Explains each problem `type` at its own URL. */
export async function problemPages (scope: FastifyInstance, { limiter }: Api): Promise<void> {
  const pages = errorTable.map(({ code, status, title, detail }) => ({
    name: problemName(code), code, status, title, detail: detail.replace(/%s/g, '…')
  }))
  const route = { schema: { hide: true }, onRequest: countedAs(limiter, 'files') }

  scope.get('', route, async (request, reply) => {
    reply.type(JSON_TYPE).header('cache-control', 'no-cache')
    return pages.map(({ name, ...page }) => ({ type: `${baseOf(request)}/problems/${name}`, ...page }))
  })
  scope.get<{ Params: { name: string } }>('/:name', route, async (request, reply) => {
    const found = pages.find(({ name }) => name === request.params.name)
    if (found === undefined) throw new NoRouteError()
    const { name, ...page } = found
    reply.type(JSON_TYPE).header('cache-control', 'no-cache')
    return { type: `${baseOf(request)}/problems/${name}`, ...page }
  })
}
