/** A link as it is shown: its target, its host on its own, and the text before and after the host. */
export interface Link {
  href: string
  before: string
  host: string
  after: string
}

/**
 * Invisible characters that change how other characters are shown: control characters other than tabs and
 * line breaks, and characters that change the text direction. Arabic and Hebrew need none of them; the page
 * sets the direction.
 */
// eslint-disable-next-line no-control-regex
const UNSEEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

export function withoutControls (text: string): string {
  return text.replace(UNSEEN, '')
}

/** Splits the text into plain parts and web links. */
export function textAndLinks (text: string): (string | Link)[] {
  return withoutControls(text).split(/(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)])/i)
    .map((part, index) => index % 2 === 0 ? part : toLink(part) ?? part)
    .filter(part => part !== '')
}

/** The host is the one the browser goes to. A user name in front of it, which may look like another host, is left out. */
function toLink (address: string): Link | undefined {
  if (!URL.canParse(address)) return undefined
  const url = new URL(address)
  url.username = url.password = ''
  const after = /^https?:\/\/[^/?#\\]*(.*)$/is.exec(address)?.[1] ?? ''
  return { href: url.href, before: `${url.protocol}//`, host: url.host, after }
}
