import { randomFillSync } from 'node:crypto'

/**
 * Takes random bytes for many ids from one call, since the call costs far more than the bytes. Each byte is
 * used once and then wiped, so that no id can be found here later.
 * @param size how many bytes are taken at a time
 */
export function randomPortions (size: number, portions = 256, fill: (block: Buffer) => unknown = randomFillSync): () => string {
  const block = Buffer.alloc(size * portions)
  let at = block.length
  return () => {
    if (at === block.length) {
      fill(block)
      at = 0
    }
    const portion = block.toString('base64url', at, at + size)
    block.fill(0, at, at += size)
    return portion
  }
}
