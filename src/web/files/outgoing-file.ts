import { lengthOf, nextHash, NO_HASH, randomId, toHex } from './blocks.js'
import type { FileLink } from './file-link.js'
import { BLOCK, MAX_NAME, WINDOW } from './file-messages.js'
import { Transfer } from './transfer.js'

/** A file that this page sends. */
export class OutgoingFile extends Transfer {
  readonly direction = 'out'
  wanted = false
  /** The hash up to each block that the other page may ask for: those since the last that it has stored. */
  readonly #hashes = new Map<number, Uint8Array>([[0, NO_HASH]])
  /** Replaced or removed when what is being sent must stop. */
  #run: object | undefined
  #wake = (): void => {}

  constructor (private readonly file: Blob & { name: string }, changed: () => void) {
    super(randomId(), randomId(), file.name, file.size, changed)
  }

  override get source (): object { return this.file }

  offer (link: FileLink): void {
    this.interrupt()
    this.link = link
    link.send({ type: 'offer', id: this.id, key: this.key, name: this.name.slice(-MAX_NAME), size: this.size })
    this.become({ name: 'asked' })
  }

  /** @param blocks how many the other page has stored */
  accepted (blocks: number): void {
    if (this.state.name !== 'asked') return
    if (!this.#keepFrom(blocks)) return this.fail('damaged')
    this.wanted = true
    this.become({ name: 'accepted' })
  }

  /** The other page has stored so many blocks. */
  have (blocks: number): void {
    if (this.isOver || blocks <= this.stored || !this.#keepFrom(blocks)) return
    this.#wake()
    if (blocks === this.blocks) this.end({ name: 'done' })
    else this.changed()
  }

  /** Sends what the other page does not have. */
  async send (): Promise<void> {
    const { link } = this
    if (link === undefined) return
    const run = this.#run = {}
    const stopped = (): boolean => this.#run !== run
    this.become({ name: 'moving' })
    link.send({ type: 'begin', id: this.id, blocks: this.stored })
    for (let number = this.stored; number < this.blocks; number++) {
      const bytes = await this.#read(number)
      if (stopped()) return
      if (bytes === undefined) return this.fail('unreadable')
      const hash = await nextHash(this.#hashes.get(number) ?? NO_HASH, bytes)
      while (!stopped() && number - this.stored >= WINDOW) await new Promise<void>(resolve => { this.#wake = resolve })
      if (stopped()) return
      this.#hashes.set(number + 1, hash)
      for (let at = 0; at < bytes.length; at += link.piece) {
        if (!await link.room() || stopped()) return
        link.sendPiece(bytes.subarray(at, at + link.piece))
      }
      link.send({ type: 'block', hash: toHex(hash) })
    }
  }

  interrupt (): void {
    this.link = undefined
    this.#run = undefined
    this.#wake()
  }

  /** @returns undefined if the file has changed or is gone */
  async #read (number: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      const bytes = await this.file.slice(number * BLOCK, (number + 1) * BLOCK).arrayBuffer()
      return bytes.byteLength === lengthOf(number, this.size) ? new Uint8Array(bytes) : undefined
    } catch {
      return undefined
    }
  }

  /** Forgets what is needed no more. @returns whether the other page can have so many blocks */
  #keepFrom (blocks: number): boolean {
    if (!this.#hashes.has(blocks)) return false
    for (const number of this.#hashes.keys()) if (number < blocks) this.#hashes.delete(number)
    this.stored = blocks
    return true
  }
}
