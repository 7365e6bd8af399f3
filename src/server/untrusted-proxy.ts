import { isIP } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { ipOf } from '../http/address.js'
import { matcher } from './connections.js'

/** Where proxies are, and strangers are not: this machine and private networks. */
const isNear = matcher(['127.0.0.0/8', '::1', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7', 'fe80::/10'])

/**
 * Logs one line if requests come through a proxy that is not trusted, which is otherwise hard to see: nothing fails
 * until many clients use up the limits of one.
 */
export function watchProxies (app: FastifyInstance): void {
  let isLogged = false
  app.addHook('onRequest', async request => {
    const forwarded = request.headers['x-forwarded-for']
    if (isLogged || forwarded === undefined) return
    const ip = ipOf(request)
    const [client = ''] = String(forwarded).split(',')
    // A trusted proxy may have clients on its own network.
    if (ip === undefined || isIP(ip) === 0 || client.trim() === ip || !isNear(ip)) return
    isLogged = true
    app.log.warn(`Requests come through ${ip}, which is not a trusted proxy, so all of them share the limits of one client: see --trust-proxy`)
  })
}
