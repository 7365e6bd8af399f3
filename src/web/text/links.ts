import { legible } from './legible.js'

/** A link as it is shown: its target, its host, and the text before and after the host. */
export interface Link {
  href: string
  before: string
  host: string
  after: string
}

/** Messages have few links, and a link costs the page far more than its characters. */
const MAX_LINKS = 20

/** Splits the text into plain parts and web links: at most the first `MAX_LINKS`. */
export function textAndLinks (text: string): (string | Link)[] {
  const parts = legible(text).split(/(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)])/i)
  const rest = parts.splice(2 * MAX_LINKS).join('')
  return [...parts.map((part, index) => index % 2 === 0 ? part : toLink(part) ?? part), rest].filter(part => part !== '')
}

/** The host is the one the browser goes to. A user name before it, which may look like another host, is left out. */
function toLink (address: string): Link | undefined {
  if (!URL.canParse(address)) return undefined
  const url = new URL(address)
  url.username = url.password = ''
  const before = `${url.protocol}//`
  // Browsers accept any number of slashes of either kind before the host.
  const after = /^https?:[/\\]*[^/?#\\]*(.*)$/is.exec(address)?.[1] ?? ''
  return { href: url.href, before, host: url.host, after }
}
