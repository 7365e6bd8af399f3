import { lengthOf, nextHash, NO_HASH, toHex } from './blocks.js'
import type { FileLink } from './file-link.js'
import { WINDOW } from './file-messages.js'
import { safeName } from './file-name.js'
import { Transfer, type TransferState } from './transfer.js'

/** Where a file is stored as it arrives. */
export interface Sink {
  /** Appends. */
  write (bytes: Uint8Array<ArrayBuffer>): Promise<void>
  /** @returns the file, unless it is now where the person wanted it */
  close (): Promise<Blob | undefined>
  /** Removes what is stored here, unless it is where the person wanted it, and complete. */
  discard (): Promise<void>
}

/** A file that the other page sends. It is stored only up to the last block whose hash is right. */
export class IncomingFile extends Transfer {
  readonly direction = 'in'
  #sink: Sink | undefined
  /** the hash up to the last block that is stored */
  #hash = NO_HASH
  /** whether it is asked for, and its blocks have not begun */
  #asked = false
  /** the block that is arriving, and how much of it is there; undefined while none may arrive */
  #block: Uint8Array<ArrayBuffer> | undefined
  #filled = 0
  /** how many blocks have arrived */
  #arrived = 0
  /** settles when all that has arrived is stored, and never rejects */
  #storing = Promise.resolve()

  constructor (offer: { id: string, key: string, name: string, size: number }, changed: () => void) {
    super(offer.id, offer.key, safeName(offer.name), offer.size, changed)
  }

  get wanted (): boolean { return this.#sink !== undefined }

  /** The sender offers it for the first time, or on a new connection. */
  async offered (link: FileLink): Promise<void> {
    const { state } = this
    if (state.name === 'failed') return link.send({ type: 'cancel', id: this.id, reason: state.reason })
    if (state.name === 'done') return link.send({ type: 'have', id: this.id, blocks: this.blocks })
    this.interrupt()
    this.link = link
    this.changed()
    await this.#ask()
  }

  /** The person wants it: this is where it is stored. */
  async accept (sink: Sink): Promise<void> {
    // It may have been cancelled while the person chose a place.
    if (this.state.name !== 'asked') return await sink.discard()
    this.#sink = sink
    this.become({ name: 'accepted' })
    await this.#ask()
  }

  /** Blocks follow. @returns whether they may: once each time they are asked for */
  begin (blocks: number): boolean {
    if (!this.#asked || this.isOver || blocks !== this.stored) return false
    this.#asked = false
    this.#expect()
    this.become({ name: 'moving' })
    return true
  }

  piece (bytes: Uint8Array): void {
    if (this.isOver) return
    if (this.#block === undefined || this.#filled + bytes.length > this.#block.length) return this.fail('damaged')
    this.#block.set(bytes, this.#filled)
    this.#filled += bytes.length
  }

  /** A block is complete. */
  block (hash: string): void {
    const block = this.#block
    if (this.isOver) return
    if (block === undefined || this.#filled !== block.length || this.#arrived - this.stored >= WINDOW) return this.fail('damaged')
    this.#arrived++
    this.#expect()
    this.#storing = this.#storing.then(() => this.#store(block, hash))
  }

  interrupt (): void {
    this.link = undefined
    this.#asked = false
    this.#block = undefined
  }

  /** Removes what is stored, unless the person has it. */
  discard (): void {
    void this.#storing.then(() => this.#sink?.discard()).catch(() => {})
  }

  protected override end (state: TransferState): void {
    super.end(state)
    if (state.name === 'failed') this.discard()
  }

  /** Asks for what is missing, if the person wants the file. */
  async #ask (): Promise<void> {
    const { link } = this
    await this.#storing
    if (this.#sink === undefined || this.isOver || link === undefined || this.link !== link) return
    this.#arrived = this.stored
    this.#asked = true
    link.send({ type: 'accept', id: this.id, blocks: this.stored })
  }

  #expect (): void {
    this.#block = this.#arrived < this.blocks ? new Uint8Array(lengthOf(this.#arrived, this.size)) : undefined
    this.#filled = 0
  }

  async #store (block: Uint8Array<ArrayBuffer>, expected: string): Promise<void> {
    if (this.isOver || this.#sink === undefined) return
    const hash = await nextHash(this.#hash, block)
    if (toHex(hash) !== expected) return this.fail('damaged')
    try {
      await this.#sink.write(block)
      const last = this.stored + 1 === this.blocks
      const file = last ? await this.#sink.close() : undefined
      if (this.isOver) return
      this.#hash = hash
      this.stored++
      this.link?.send({ type: 'have', id: this.id, blocks: this.stored })
      if (last) this.end({ name: 'done', file })
      else this.changed()
    } catch {
      this.fail('storage')
    }
  }
}
