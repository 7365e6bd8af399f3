import type { FastifyReply, FastifyRequest } from 'fastify'
import { CrossSiteError } from '../errors.js'

/**
 * Refuses, before they count, requests that a website makes its visitors' browsers send, unless CORS allows
 * that website. It could not read the responses, but would use up the visitor's rate limits, since browsers
 * send simple requests without a preflight. Register it after CORS, whose decision it reads.
 */
export function refuseCrossSite (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void {
  done(isAllowed(request, reply) || !isCrossSite(request) ? undefined : new CrossSiteError())
}

function isAllowed ({ headers: { origin } }: FastifyRequest, reply: FastifyReply): boolean {
  const allowed = reply.getHeader('access-control-allow-origin')
  return allowed === '*' || (allowed !== undefined && allowed === origin)
}

/**
 * Browsers say so in `Sec-Fetch-Site`. Old ones do not, and none does over plain HTTP, but all of them send
 * `Origin` with every POST. Other clients send neither.
 */
function isCrossSite (request: FastifyRequest): boolean {
  const { 'sec-fetch-site': site, origin } = request.headers
  // A preflight changes nothing, and is not for us to answer here.
  if (request.method === 'OPTIONS') return false
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  return origin !== undefined && !isOwn(origin, request.host)
}

function isOwn (origin: string, host: string): boolean {
  if (!URL.canParse(origin)) return false
  const { protocol, host: originHost } = new URL(origin)
  const own = `${protocol}//${host}`
  return URL.canParse(own) && new URL(own).host === originHost
}
