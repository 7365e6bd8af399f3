/** A link as it is shown: where it leads, its host on its own, and what is written around that. */
export interface Link {
  href: string
  before: string
  host: string
  after: string
}

/**
 * Characters that are not seen and change how others are shown: controls (but for tabs and line ends), and those
 * that turn the direction of writing. Text in Arabic or Hebrew needs none of them, the page sets its direction.
 */
// eslint-disable-next-line no-control-regex
const UNSEEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

export function withoutControls (text: string): string {
  return text.replace(UNSEEN, '')
}

/** The text in parts, with web addresses that can be followed. */
export function textAndLinks (text: string): (string | Link)[] {
  return withoutControls(text).split(/(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)])/i)
    .map((part, index) => index % 2 === 0 ? part : toLink(part) ?? part)
    .filter(part => part !== '')
}

/** The host is the one that a browser goes to. A user name before it, which may look like another host, is left out. */
function toLink (address: string): Link | undefined {
  if (!URL.canParse(address)) return undefined
  const url = new URL(address)
  url.username = url.password = ''
  const after = /^https?:\/\/[^/?#\\]*(.*)$/is.exec(address)?.[1] ?? ''
  return { href: url.href, before: `${url.protocol}//`, host: url.host, after }
}
