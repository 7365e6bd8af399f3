import { requirePlatform } from './platform.js'

/** Where a box is, and the capability to it. */
export interface Address {
  /** the base URL of the box routes, without a slash at its end */
  server: string
  /** a box id, `box_…`, or a drop address, `drop_…` */
  id: string
}

const capability = /^(?:box|drop)_[A-Za-z0-9_-]{32}$/

/** The base URL of a server's box routes, in the one form that links are made from. */
export function serverOf (server: string | URL): string {
  const { origin, pathname } = new URL(server)
  return origin + pathname.replace(/\/+$/, '')
}

/**
 * Takes a link apart, `<server>/boxes/<id>`, or an id together with its server.
 * @param server where the box has to be, if given
 * @throws TypeError when it is neither, or elsewhere. The message holds no capability.
 */
export function parseAddress (link: string | URL, server?: string | URL): Address {
  const text = String(link)
  if (capability.test(text)) {
    if (server === undefined) throw new TypeError('An id needs the option server')
    return { server: serverOf(server), id: text }
  }
  const url = URL.canParse(text) ? new URL(text) : undefined
  const [, path, id = ''] = url?.pathname.match(/^(.*)\/boxes\/([^/]+)$/) ?? []
  if (url === undefined || !capability.test(id)) throw new TypeError('A link has the form <server>/boxes/<id>')
  const address = { server: serverOf(url.origin + path), id }
  if (server !== undefined && address.server !== serverOf(server)) throw new TypeError('The link is not of the option server')
  return address
}

export function linkOf ({ server, id }: Address): string {
  return `${server}/boxes/${id}`
}

/** The drop address of a box id: 24 bytes of SHA-256 over a label, a zero byte and the id. */
export async function dropOf (id: string): Promise<string> {
  // Pages have it over HTTPS and on localhost only, and the rest of the client does without.
  requirePlatform(['crypto.subtle'])
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`signalbox drop v1\0${id}`))
  return 'drop_' + base64(new Uint8Array(digest, 0, 24)).replaceAll('+', '-').replaceAll('/', '_')
}

export function base64 (bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}
