import { normalizeIP } from '@fastify/rate-limit'
import type { FastifyRequest } from 'fastify'

/**
 * The address that a request counts against: the client's; for IPv6, its /64 network. Clients on a Unix
 * socket have no address and count together.
 */
export function addressOf (request: FastifyRequest): string {
  const ip = ipOf(request)
  return ip === undefined ? 'local' : clientOf(ip)
}

const ofStreams = new WeakMap<FastifyRequest, string | undefined>()

/**
 * The client's IP address, or `undefined` on a Unix socket. Over HTTP/2, a request no longer knows it once its stream
 * is closed, so it is remembered from the first call on.
 */
export function ipOf (request: FastifyRequest): string | undefined {
  if (!('stream' in request.raw)) return request.ip
  if (!ofStreams.has(request)) ofStreams.set(request, request.ip)
  return ofStreams.get(request)
}

/** The client that an address belongs to: for IPv6, its /64 network; an IPv4-mapped address is its IPv4 address. */
export function clientOf (ip: string): string {
  const [, bracketed, plain] = WITH_PORT.exec(ip) ?? []
  return normalizeIP(bracketed ?? plain ?? ip)
}

/** Some proxies write the client's port into `X-Forwarded-For`: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
const WITH_PORT = /^(?:\[([^\]]+)\](?::\d+)?|(\d+(?:\.\d+){3}):\d+)$/
