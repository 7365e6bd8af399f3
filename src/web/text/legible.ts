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
