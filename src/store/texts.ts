/** The smallest capacity of a ring. */
const FEWEST = 2

/**
 * A box's texts, oldest first, each stored as UTF-8: in a string, V8 uses two bytes for every character as
 * soon as one is beyond Latin-1. The texts are kept in a ring buffer that grows by half, and shrinks once
 * less than half of it is used.
 */
export class Texts {
  #ring = new Array<string>(FEWEST)
  #start = 0
  #length = 0

  get length (): number {
    return this.#length
  }

  /** @param bytes the length of the text in bytes of UTF-8 */
  push (text: string, bytes: number): void {
    if (this.#length === this.#ring.length) this.#resize(Math.ceil(this.#length * 1.5))
    this.#ring[(this.#start + this.#length) % this.#ring.length] = text.length === bytes ? text : Buffer.from(text).toString('latin1')
    this.#length++
  }

  /** Up to `limit` texts after the first `skip`. */
  slice (skip: number, limit: number): string[] {
    return this.#bytes(skip, limit).map(text)
  }

  /** The size of each text in bytes, oldest first. */
  * sizes (): Generator<{ bytes: number }> {
    for (let i = 0; i < this.#length; i++) yield { bytes: (this.#ring[(this.#start + i) % this.#ring.length] as string).length }
  }

  /** Removes `count` texts from the front. @returns the size of each in bytes */
  shift (count: number): number[] {
    const lengths = this.#bytes(0, count).map(({ length }) => length)
    for (let i = 0; i < count; i++) this.#ring[(this.#start + i) % this.#ring.length] = ''
    this.#start = (this.#start + count) % this.#ring.length
    this.#length -= count
    if (this.#ring.length > FEWEST && this.#length * 2 < this.#ring.length) this.#resize(Math.max(FEWEST, this.#length))
    return lengths
  }

  #bytes (skip: number, limit: number): string[] {
    const count = Math.max(0, Math.min(limit, this.#length - skip))
    const from = (this.#start + skip) % this.#ring.length
    const first = this.#ring.slice(from, from + count)
    return first.length === count ? first : first.concat(this.#ring.slice(0, count - first.length))
  }

  #resize (capacity: number): void {
    const texts = this.#bytes(0, this.#length)
    this.#ring = new Array<string>(capacity)
    for (const [i, text] of texts.entries()) this.#ring[i] = text
    this.#start = 0
  }
}

/** The text made of these bytes, one byte per character. */
function text (bytes: string): string {
  return /[\x80-\xff]/.test(bytes) ? Buffer.from(bytes, 'latin1').toString() : bytes
}
