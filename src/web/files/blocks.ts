import { BLOCK } from './file-messages.js'

/** The hash of nothing yet, with which the first block is hashed. */
export const NO_HASH = new Uint8Array()

/** How many blocks a file has. An empty file has one, which is empty. */
export function blocksOf (size: number): number {
  return Math.max(1, Math.ceil(size / BLOCK))
}

/** How many bytes this block of a file has. */
export function lengthOf (block: number, size: number): number {
  return Math.min(BLOCK, size - block * BLOCK)
}

/**
 * The hash of a file up to and with this block. WebCrypto hashes nothing bit by bit, so that each hash covers the one
 * before and the block; the hash of the last block is that of the file.
 */
export async function nextHash (before: Uint8Array, block: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const both = new Uint8Array(before.length + block.length)
  both.set(before)
  both.set(block, before.length)
  return new Uint8Array(await crypto.subtle.digest('SHA-256', both))
}

export function toHex (bytes: Uint8Array): string {
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
}

/** A random number of 128 bits, in hexadecimal. */
export function randomId (): string {
  return toHex(crypto.getRandomValues(new Uint8Array(16)))
}
