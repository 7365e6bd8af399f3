import { blocksOf } from './blocks.js'
import type { FileLink } from './file-link.js'
import { BLOCK, type Reason } from './file-messages.js'

/** Where a transfer is. It is interrupted if it is not over and has no link. */
export type TransferState =
  /** offered, and not answered */
  | { name: 'asked' }
  /** accepted: it is about to start, or waits for its turn */
  | { name: 'accepted' }
  | { name: 'moving' }
  /** stored, and its hash is right; `file`: what the receiver can save, if it is not where they wanted it */
  | { name: 'done', file?: Blob | undefined }
  /** `mine`: for a reason that this page has told the other */
  | { name: 'failed', reason: Reason, mine: boolean }

/** A file on its way, in either direction. */
export abstract class Transfer {
  abstract readonly direction: 'out' | 'in'
  /** Whether the receiver has accepted it. */
  abstract readonly wanted: boolean
  readonly blocks: number
  /** the connection it goes over; undefined while there is none */
  link: FileLink | undefined
  /** whose page is at the other end */
  owner = ''
  /** how many blocks the receiver has stored */
  protected stored = 0
  #state: TransferState = { name: 'asked' }

  constructor (
    readonly id: string,
    /** a secret of the two pages, by which the receiver knows the sender on a new connection */
    readonly key: string,
    readonly name: string,
    readonly size: number,
    protected readonly changed: () => void
  ) {
    this.blocks = blocksOf(size)
  }

  /** The same object for all transfers of one chosen file. */
  get source (): object { return this }

  get state (): TransferState { return this.#state }

  get isOver (): boolean { return this.#state.name === 'done' || this.#state.name === 'failed' }

  /** How many bytes the receiver has stored. */
  get moved (): number { return Math.min(this.size, this.stored * BLOCK) }

  /** Ends it, and tells the other page. */
  fail (reason: Reason): void {
    if (this.isOver) return
    this.link?.send({ type: 'cancel', id: this.id, reason })
    this.end({ name: 'failed', reason, mine: true })
  }

  /** The other page has ended it, or is gone. */
  failed (reason: Reason): void {
    if (!this.isOver) this.end({ name: 'failed', reason, mine: false })
  }

  /** There is no connection any more. It may go on with another. */
  abstract interrupt (): void

  protected become (state: TransferState): void {
    this.#state = state
    this.changed()
  }

  protected end (state: TransferState): void {
    this.interrupt()
    this.become(state)
  }
}
