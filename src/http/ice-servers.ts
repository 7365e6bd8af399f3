import { createHmac } from 'node:crypto'
import type { IceOptions } from '../options.js'
import type { IceServers } from './schemas.js'

/**
 * TURN credentials that end by themselves, as coturn's `use-auth-secret` takes them
 * (draft-uberti-behave-turn-rest-00): the user name is the end in seconds since the epoch, the
 * password its HMAC-SHA-1 with the shared secret, in base64.
 * @param now ms since the epoch
 */
export function iceServers ({ urls, turnUrls, turnSecret, ttl }: IceOptions, now: number): IceServers {
  const servers: IceServers['iceServers'] = []
  if (urls.length > 0) servers.push({ urls })
  if (turnUrls.length > 0 && turnSecret !== undefined) {
    const username = String(Math.floor(now / 1000) + ttl)
    servers.push({ urls: turnUrls, username, credential: createHmac('sha1', turnSecret).update(username).digest('base64') })
  }
  return { iceServers: servers, ttl }
}
