import { createHmac } from 'node:crypto'
import { Type, type Static } from '@sinclair/typebox'
import type { IceOptions } from '../../options.js'
import { answering } from '../answers.js'
import type { Api, Scope } from '../api.js'
import { json } from '../contract.js'
import { guarded } from '../guard.js'
import { countedAs } from '../rate-limit.js'
import { anyBox, DROP } from '../resource.js'
import { BoxParams, count, NoQuery } from '../schemas.js'

const IceServer = Type.Object({
  urls: Type.Array(Type.String({ description: 'A STUN or TURN address.' })),
  username: Type.Optional(Type.String({ description: 'For TURN: until when it is valid, in seconds since the epoch.' })),
  credential: Type.Optional(Type.String({ description: 'For TURN: the password that goes with it.' }))
}, { title: 'IceServer', description: 'One entry of `RTCConfiguration.iceServers`.' })

const IceServers = Type.Object({
  iceServers: Type.Array(IceServer, { description: 'To be given to an RTCPeerConnection as it is.' }),
  ttl: count('For how many seconds the credentials are valid.')
}, { title: 'IceServers', description: 'The servers that help two peers to find a path.' })
type IceServers = Static<typeof IceServers>

export function getIceServers (scope: Scope, { service, options, limiter, contract }: Api): void {
  scope.get('/:box/ice-servers', {
    schema: contract.operation({
      operationId: 'getIceServers',
      tags: ['webrtc'],
      summary: 'ICE servers',
      description: 'The STUN and TURN servers this server recommends to those who use this box, with credentials that end by themselves.',
      params: BoxParams,
      querystring: NoQuery,
      response: {
        200: contract.answer('The ICE servers; none where the server has none to recommend.', json(IceServers, {
          iceServers: [{ urls: ['stun:stun.example.org'] }], ttl: 3600
        })),
        ...contract.problems(400, 404, 503)
      }
    }),
    exposeHeadRoute: true,
    onRequest: [...countedAs(limiter, 'reads'), anyBox],
    preHandler: guarded(options.guard, 'getIceServers')
  }, answering(
    request => service.touch(request[DROP]),
    () => iceServers(options.ice, service.now())
  ))
}

/**
 * TURN credentials that expire, as expected by coturn's `use-auth-secret` (draft-uberti-behave-turn-rest-00):
 * the user name is the expiry in seconds since the epoch, the password its HMAC-SHA-1 with the shared secret,
 * in base64.
 * @param now in ms since the epoch
 */
function iceServers ({ urls, turnUrls, turnSecret, ttl }: IceOptions, now: number): IceServers {
  const servers: IceServers['iceServers'] = []
  if (urls.length > 0) servers.push({ urls })
  if (turnUrls.length > 0 && turnSecret !== undefined) {
    const username = String(Math.floor(now / 1000) + ttl)
    servers.push({ urls: turnUrls, username, credential: createHmac('sha1', turnSecret).update(username).digest('base64') })
  }
  return { iceServers: servers, ttl }
}
