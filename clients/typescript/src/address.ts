import { requirePlatform } from './platform.js'

/** A box's server and the capability to use it. */
export interface Address {
  /** the base URL of the box routes, without a trailing slash */
  server: string
  /** a box id (`box_…`) or a drop address (`drop_…`) */
  id: string
}

export const capability = /^(?:box|drop)_[A-Za-z0-9_-]{32}$/

export function isDropAddress (text: string): boolean {
  return text.startsWith('drop_') && capability.test(text)
}

/**
 * The base URL of a server's box routes in canonical form: no query, no fragment, no trailing slash.
 * @throws TypeError if it is not an http or https URL
 */
export function baseUrl (server: string | URL): string {
  const url = URL.canParse(server) ? new URL(server) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw new TypeError('The server must be an http:// or https:// URL')
  return url.origin + url.pathname.replace(/\/+$/, '')
}

/**
 * Parses a link, `<server>/boxes/<id>`, or an id together with its server.
 * @param server where the box must be, if given
 * @throws TypeError if it is neither, or if the link leads to another server. The message contains no
 * capability.
 */
export function parseAddress (link: string | URL, server?: string | URL): Address {
  const text = String(link)
  if (capability.test(text)) {
    if (server === undefined) throw new TypeError("Opening a box by its id requires the option 'server'")
    return { server: baseUrl(server), id: text }
  }
  const url = URL.canParse(text) ? new URL(text) : undefined
  const [, path, id = ''] = url?.pathname.match(/^(.*)\/boxes\/([^/]+)$/) ?? []
  if (url === undefined || !capability.test(id)) throw new TypeError('A link must have the form <server>/boxes/<id>')
  const address = { server: baseUrl(url.origin + path), id }
  if (server !== undefined && address.server !== baseUrl(server)) throw new TypeError("The link leads to another server than the option 'server'")
  return address
}

export function linkOf ({ server, id }: Address): string {
  return `${server}/boxes/${id}`
}

/** Derives the drop address of a box id: the first 24 bytes of SHA-256 over a label, a zero byte and the id. */
export async function dropAddressOf (id: string): Promise<string> {
  // Browsers provide it on HTTPS and localhost only; the rest of the client works without.
  requirePlatform(['crypto.subtle'])
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`signalbox drop v1\0${id}`))
  return 'drop_' + base64(new Uint8Array(digest, 0, 24)).replaceAll('+', '-').replaceAll('/', '_')
}

export function base64 (bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}
