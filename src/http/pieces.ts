import { Readable } from 'node:stream'

/** How many bytes are written at a time, so that the progress of a slow reader can be seen. */
export const PIECE = 64 * 1024

/** What a response in pieces takes besides the whole text: one piece that is read ahead, and one that is written. */
export const UNDER_WAY = 2 * PIECE

/** A piece has at most `PIECE` bytes (a UTF-16 code unit takes up to three) and never half a surrogate pair. */
export function endOfPiece (text: string, at: number): number {
  const end = at + Math.floor(PIECE / 3) - 1
  const isHigh = (text.charCodeAt(end - 1) & 0xfc00) === 0xd800
  return isHigh ? end + 1 : end
}

/**
 * Node keeps a response, with its listeners and its last piece, until the next one on the connection. So each
 * piece is a copy, and nothing of the whole remains once it is sent.
 */
export function inPieces (body: Buffer): Readable {
  let left: Buffer | undefined = body
  return new Readable({
    highWaterMark: PIECE,
    read () {
      if (left === undefined) {
        this.push(null)
        return
      }
      this.push(Buffer.from(left.subarray(0, PIECE)))
      left = left.length > PIECE ? left.subarray(PIECE) : undefined
    }
  })
}
