import { createHmac } from 'node:crypto'
import { Type, type Static } from '@sinclair/typebox'
import type { ResolvedIce } from '../../options.js'
import { responding } from '../responses.js'
import { addressOf } from '../address.js'
import type { Api, Scope } from '../api.js'
import { json } from '../contract.js'
import { guarded } from '../guard.js'
import { serialize } from '../json.js'
import { countedAs, holderOf } from '../rate-limit.js'
import { anyBox, DROP } from '../resource.js'
import { BoxParams, count, NoQuery } from '../schemas.js'

const IceServer = Type.Object({
  urls: Type.Array(Type.String({ description: 'A STUN or TURN URL.' })),
  username: Type.Optional(Type.String({ description: 'For TURN: the user name, which is the expiry in seconds since the epoch, a colon, and a short hash of the client address.' })),
  credential: Type.Optional(Type.String({ description: 'For TURN: the password.' }))
}, { title: 'IceServer', description: 'An entry of `RTCConfiguration.iceServers`.' })

const IceServers = Type.Object({
  iceServers: Type.Array(IceServer, { description: 'The value for `RTCConfiguration.iceServers`.' }),
  ttl: count('The lifetime of the credentials, in seconds.')
}, { title: 'IceServers', description: 'STUN and TURN servers for a peer connection.' })
type IceServers = Static<typeof IceServers>

export function getIceServers (scope: Scope, { service, options, limiter, contract }: Api): void {
  scope.get('/:box/ice-servers', {
    schema: contract.operation({
      operationId: 'getIceServers',
      tags: ['webrtc'],
      summary: 'Get ICE servers',
      description: 'Returns the STUN and TURN servers that this server offers to users of the box, with credentials that expire.',
      params: BoxParams,
      querystring: NoQuery,
      response: {
        200: contract.response('The ICE servers; empty if this server offers none.', json(IceServers, {
          iceServers: [{ urls: ['stun:stun.example.org'] }], ttl: 3600
        })),
        ...contract.problems(400, 404, 503)
      }
    }),
    exposeHeadRoute: true,
    onRequest: [...countedAs(limiter, 'reads'), anyBox],
    preHandler: guarded(options.guard, 'getIceServers')
  }, responding(
    request => service.touch(request[DROP]),
    (_, request) => serialize(iceServers(options.ice, service.now(), holderOf(addressOf(request))))
  ))
}

/**
 * TURN credentials that expire, as expected by coturn's `use-auth-secret` (draft-uberti-behave-turn-rest-00):
 * the user name is the expiry in seconds since the epoch and a name, to which coturn's quotas apply; the password is
 * the user name's HMAC-SHA-1 with the shared secret, in base64.
 * @param now in ms since the epoch
 * @param holder names the client address
 */
function iceServers ({ urls, turnUrls, turnSecret, ttl }: ResolvedIce, now: number, holder: string): IceServers {
  const servers: IceServers['iceServers'] = []
  if (urls.length > 0) servers.push({ urls })
  if (turnUrls.length > 0 && turnSecret !== undefined) {
    const username = `${Math.floor(now / 1000) + ttl}:${holder}`
    servers.push({ urls: turnUrls, username, credential: createHmac('sha1', turnSecret).update(username).digest('base64') })
  }
  return { iceServers: servers, ttl }
}
