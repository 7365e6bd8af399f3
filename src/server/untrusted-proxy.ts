import { isIP } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { ipOf } from '../http/address.js'
import { matcher } from './connections.js'

/** Enough for the proxies that somebody may have. */
const MAX_LOGGED = 8

/** Where proxies are, and strangers are not: this machine and private networks. */
const isNear = matcher(['127.0.0.0/8', '::1', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7', 'fe80::/10'])

/**
 * Logs one line for each proxy that is not trusted, which is otherwise hard to see: nothing fails until many clients use
 * up the limits of one. Anybody nearby can send the header, too, so the line does not say that it is a proxy.
 */
export function watchProxies (app: FastifyInstance): void {
  const logged = new Set<string>()
  app.addHook('onRequest', async request => {
    const forwarded = request.headers['x-forwarded-for']
    if (forwarded === undefined || logged.size === MAX_LOGGED) return
    const ip = ipOf(request)
    const [client = ''] = String(forwarded).split(',')
    // A trusted proxy may have clients on its own network.
    if (ip === undefined || isIP(ip) === 0 || client.trim() === ip || !isNear(ip) || logged.has(ip)) return
    logged.add(ip)
    app.log.warn(`Forwarded requests come from ${ip}, which is not a trusted proxy, so all of them share the limits of one client: if it is your proxy, see --trust-proxy`)
  })
}
