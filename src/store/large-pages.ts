/** A page of a box with more bytes than this may be large. */
const LARGE = 64 * 1024

/**
 * Whether the page that a read asks for may be large. Such a page is fetched in a turn of its own: however many are
 * requested at once, each can be refused before the next is fetched, and other requests are served in between.
 */
export function mayBeLarge ({ bytes, last }: { bytes: number, last: number }, after: number, limit: number): boolean {
  return bytes > LARGE && last > after && limit > 0
}
