import { normalizeIP } from '@fastify/rate-limit'
import type { FastifyRequest } from 'fastify'

/** Whom a request counts for: its client's address, IPv6 by its /64. On a Unix socket clients have none and count together. */
export function addressOf ({ ip }: FastifyRequest): string {
  return ip === undefined ? 'local' : normalizeIP(ip)
}
