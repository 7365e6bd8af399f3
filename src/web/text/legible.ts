/** A link as it is shown: its target, its host, and the text before and after the host. */
export interface Link {
  href: string
  before: string
  host: string
  after: string
}

/**
 * Invisible characters: control characters other than tabs and line breaks, characters that change the text
 * direction, zero-width spaces, fillers and tags. Arabic and Hebrew need none of them; the page sets the
 * direction. The joiners that some scripts and emoji need stay.
 */
// eslint-disable-next-line no-control-regex
const UNSEEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\u{e0000}-\u{e007f}]/gu

/** More marks on one character than any language has: they would pile up over what is around them. */
const PILED = /((?:\p{M}[\u200c\u200d]*){4})\p{M}[\p{M}\u200c\u200d]*/gu

export function withoutPiles (text: string): string {
  return text.replace(PILED, '$1')
}

/** The text without characters that nobody sees, or that hide what is around them. */
export function legible (text: string): string {
  return withoutPiles(text.replace(UNSEEN, ''))
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
