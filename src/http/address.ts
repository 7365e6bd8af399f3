import { normalizeIP } from '@fastify/rate-limit'
import type { FastifyRequest } from 'fastify'

/**
 * The address that a request counts against: the client's; for IPv6, its /64 network. Clients on a Unix
 * socket have no address and count together.
 */
export function addressOf ({ ip }: FastifyRequest): string {
  return ip === undefined ? 'local' : clientOf(ip)
}

/** The client that an address belongs to: for IPv6, its /64 network; an IPv4-mapped address is its IPv4 address. */
export function clientOf (ip: string): string {
  const [, bracketed, plain] = WITH_PORT.exec(ip) ?? []
  return normalizeIP(bracketed ?? plain ?? ip)
}

/** Some proxies write the client's port into `X-Forwarded-For`: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
const WITH_PORT = /^(?:\[([^\]]+)\](?::\d+)?|(\d+(?:\.\d+){3}):\d+)$/
