import { concat, fromBase64url, toBase64url, utf8, type Bytes } from '../bytes.js'
import { CallError } from './errors.js'

/** Part of a JSON text that is too large for one message: bytes in base64url. */
interface Piece { piece: string, more: boolean }

/** The longest JSON text of a value, in bytes: once sealed, it still fits into an empty box of the default size. */
export const MAX_VALUE_BYTES = 524_288

/** Such a value in a batch of its own, with the batch's brackets. */
export const MAX_BATCH_BYTES = MAX_VALUE_BYTES + 2

/** Once sealed, this is 57 kB: base64url twice. */
const PIECE_BYTES = 32_000

export function splitIntoPieces (text: string): Piece[] {
  const bytes = utf8(text)
  const pieces: Piece[] = []
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    pieces.push({ piece: toBase64url(bytes.subarray(at, at + PIECE_BYTES)), more: at + PIECE_BYTES < bytes.length })
  }
  return pieces
}

/** Reassembles a JSON text from its pieces as they arrive. */
export class PieceAssembler {
  #pieces: Bytes[] = []
  #length = 0

  /** @param maxBytes the longest text */
  constructor (private readonly maxBytes: number) {}

  get empty (): boolean { return this.#pieces.length === 0 }

  /** Returns the parsed text if this was its last piece. */
  add (message: unknown): unknown {
    const { piece, more } = Object(message) as Record<keyof Piece, unknown>
    const bytes = typeof piece === 'string' ? fromBase64url(piece) : undefined
    if (bytes === undefined || bytes.length === 0 || typeof more !== 'boolean') throw new CallError('CALL_ERR_FORMAT')
    this.#length += bytes.length
    if (this.#length > this.maxBytes) throw new CallError('CALL_ERR_TOO_LARGE')
    this.#pieces.push(bytes)
    if (more) return undefined
    const all = concat(...this.#pieces)
    this.#pieces = []
    this.#length = 0
    try {
      return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(all))
    } catch (cause) {
      throw new CallError('CALL_ERR_FORMAT', { cause })
    }
  }
}
