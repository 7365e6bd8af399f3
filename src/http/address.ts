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
  return normalizeIP(ip)
}
