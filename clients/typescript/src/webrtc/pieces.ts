import { concat, fromBase64url, toBase64url, utf8, type Bytes } from './bytes.js'
import { CallError } from './errors.js'

/** A part of the JSON text of a batch that is too large for one message: bytes in base64url. */
interface Piece { piece: string, more: boolean }

/** The size of the JSON text of the largest value: sealed, it still fits in an empty box of the default size. */
export const MAX_VALUE_BYTES = 524_288

/** Sealed, this much is 57 kB: base64url twice. */
const PIECE_BYTES = 32_000

export function split (batch: unknown[]): Piece[] {
  const bytes = utf8(JSON.stringify(batch))
  const pieces: Piece[] = []
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    pieces.push({ piece: toBase64url(bytes.subarray(at, at + PIECE_BYTES)), more: at + PIECE_BYTES < bytes.length })
  }
  return pieces
}

/** Puts the pieces of a batch together as they come. */
export class Assembly {
  #parts: Bytes[] = []
  #length = 0

  get empty (): boolean { return this.#parts.length === 0 }

  /** The batch, when this was its last piece. */
  add (message: unknown): unknown {
    const { piece, more } = Object(message) as Record<keyof Piece, unknown>
    const bytes = typeof piece === 'string' ? fromBase64url(piece) : undefined
    if (bytes === undefined || bytes.length === 0 || typeof more !== 'boolean') throw new CallError('CALL_ERR_FORMAT')
    this.#length += bytes.length
    // The brackets of the batch are two bytes more than the value.
    if (this.#length > MAX_VALUE_BYTES + 2) throw new CallError('CALL_ERR_TOO_LARGE')
    this.#parts.push(bytes)
    if (more) return undefined
    const all = concat(...this.#parts)
    this.#parts = []
    this.#length = 0
    try {
      return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(all))
    } catch (cause) {
      throw new CallError('CALL_ERR_FORMAT', { cause })
    }
  }
}
