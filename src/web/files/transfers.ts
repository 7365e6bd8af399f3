import type { FileLink, LinkListener } from './file-link.js'
import { BLOCK, MAX_KNOWN, MAX_OFFERS, WINDOW, type FileMessage } from './file-messages.js'
import { IncomingFile } from './incoming-file.js'
import { OutgoingFile } from './outgoing-file.js'
import type { Transfer } from './transfer.js'

/** How many bytes may arrive that nobody waits for, as they do when a transfer is cancelled. */
const MAX_STRAY = 2 * WINDOW * BLOCK

/** How long files wait for somebody whose connection is lost, in ms: whoever comes back later comes as somebody else. */
const RETURN_TIME = 120_000

/**
 * The files of this page on their way. Each goes over the connection it was offered on, one at a time in each
 * direction. When a connection is lost, its files wait for the next, on which the receiver names what it knows and
 * the sender offers that again.
 */
export class Transfers implements LinkListener {
  readonly #outgoing = new Set<OutgoingFile>()
  readonly #incoming = new Set<IncomingFile>()
  /** each connection, with whose page is at the other end, and what arrives on it at the moment */
  readonly #links = new Map<FileLink, { owner: string, file?: IncomingFile | undefined, stray: number }>()
  /** the timers of those for whom files wait */
  readonly #missing = new Map<string, ReturnType<typeof setTimeout>>()

  /** @param notify called after every change */
  constructor (private readonly notify: () => void) {}

  get list (): Transfer[] { return [...this.#outgoing, ...this.#incoming] }

  /** Whether there is somebody to send a file to. */
  get canSend (): boolean { return this.#ready.length > 0 }

  get #ready (): FileLink[] { return [...this.#links.keys()].filter(link => link.ready) }

  /** Talks about files on this connection from now on. */
  attach (link: FileLink, owner = ''): void {
    this.#expect(owner, false)
    this.#links.set(link, { owner, stray: 0 })
    // Those that are over, too: the sender may not know yet.
    const known = [...this.#incoming].filter(file => file.owner === owner).sort((a, b) => Number(a.isOver) - Number(b.isOver))
    link.listen(this, known.slice(0, MAX_KNOWN).map(({ id }) => id))
  }

  /** Also when the connection is lost. */
  closed (link: FileLink): void {
    const owner = this.#ownerOf(link)
    link.release()
    this.#links.delete(link)
    for (const transfer of this.list) if (transfer.link === link) transfer.interrupt()
    this.#expect(owner, this.list.some(transfer => !transfer.isOver && transfer.link === undefined && transfer.owner === owner))
    this.notify()
  }

  /** Offers the files to everybody who is there. @returns whether that were all; nobody gets too many */
  send (files: File[]): boolean {
    let all = true
    for (const link of this.#ready) {
      const owner = this.#ownerOf(link)
      const waiting = [...this.#outgoing].filter(file => !file.isOver && file.owner === owner).length
      const offered = files.slice(0, MAX_OFFERS - waiting)
      all &&= offered.length === files.length
      for (const file of offered) {
        const outgoing = new OutgoingFile(file, this.#changed)
        outgoing.owner = owner
        this.#outgoing.add(outgoing)
        outgoing.offer(link)
      }
    }
    return all
  }

  /** Takes a transfer that is over from the list. */
  remove (transfer: Transfer): void {
    const files: Set<Transfer> = transfer.direction === 'in' ? this.#incoming : this.#outgoing
    files.delete(transfer)
    if (transfer instanceof IncomingFile) transfer.discard()
    this.notify()
  }

  /** Somebody does not come back: what waits for them is over. */
  abandon (owner = ''): void {
    this.#expect(owner, false)
    for (const transfer of this.list) if (transfer.link === undefined && transfer.owner === owner) transfer.failed('unknown')
  }

  /** The call is over, and only what can still be saved stays. */
  stop (): void {
    for (const transfer of this.list) {
      transfer.fail('stopped')
      if (transfer.state.name !== 'done' || transfer.state.file === undefined) this.remove(transfer)
    }
    for (const link of [...this.#links.keys()]) this.closed(link)
    for (const owner of [...this.#missing.keys()]) this.#expect(owner, false)
  }

  ready (link: FileLink, known: string[]): void {
    for (const id of known) {
      const file = [...this.#outgoing].find(file => file.id === id)
      if (file === undefined) link.send({ type: 'cancel', id, reason: 'unknown' })
      else if (file.state.name === 'failed') link.send({ type: 'cancel', id, reason: file.state.reason })
      else if (!file.isOver) file.offer(link)
    }
    // What they do not know of will not go on.
    const owner = this.#ownerOf(link)
    for (const file of this.#outgoing) if (file.link === undefined && file.owner === owner) file.failed('unknown')
    this.notify()
  }

  message (link: FileLink, message: Exclude<FileMessage, { type: 'ready' }>): void {
    const at = this.#links.get(link)
    if (at === undefined) return
    if (message.type === 'offer') return this.#onOffer(link, message)
    if (message.type === 'block') return at.file?.block(message.hash)
    const outgoing = this.#find(this.#outgoing, message.id, link)
    const incoming = this.#find(this.#incoming, message.id, link)
    switch (message.type) {
      case 'accept':
        return outgoing?.accepted(message.blocks)
      case 'have':
        return outgoing?.have(message.blocks)
      case 'begin':
        at.file = incoming?.begin(message.blocks) ? incoming : undefined
        if (at.file !== undefined) at.stray = 0
        return
      case 'cancel':
        outgoing?.failed(message.reason)
        incoming?.failed(message.reason)
        if (message.reason === 'unknown') this.#find([...this.#incoming].filter(({ owner }) => owner === at.owner), message.id, undefined)?.failed('unknown')
    }
  }

  /** @param waiting whether files wait for this person from now on */
  #expect (owner: string, waiting: boolean): void {
    clearTimeout(this.#missing.get(owner))
    this.#missing.delete(owner)
    if (waiting) this.#missing.set(owner, setTimeout(() => { this.abandon(owner) }, RETURN_TIME))
  }

  #onOffer (link: FileLink, offer: Extract<FileMessage, { type: 'offer' }>): void {
    const known = [...this.#incoming].find(({ id }) => id === offer.id)
    if (known !== undefined) {
      if (known.key === offer.key && known.link === undefined) void known.offered(link)
      return
    }
    const owner = this.#ownerOf(link)
    // Each on their own: nobody's offers keep out anybody else's.
    if ([...this.#incoming].filter(file => !file.isOver && file.owner === owner).length >= MAX_OFFERS) {
      return link.send({ type: 'cancel', id: offer.id, reason: 'busy' })
    }
    const file = new IncomingFile(offer, this.#changed)
    file.owner = owner
    this.#incoming.add(file)
    void file.offered(link)
  }

  piece (link: FileLink, bytes: Uint8Array): void {
    const at = this.#links.get(link)
    if (at === undefined) return
    if (at.file !== undefined && !at.file.isOver) return at.file.piece(bytes)
    at.stray += bytes.length
    if (at.stray <= MAX_STRAY) return
    for (const transfer of this.list) if (transfer.link === link) transfer.fail('damaged')
    link.close()
  }

  #ownerOf (link: FileLink): string {
    return this.#links.get(link)?.owner ?? ''
  }

  #find<T extends Transfer> (files: Iterable<T>, id: string, link: FileLink | undefined): T | undefined {
    return [...files].find(file => file.id === id && file.link === link)
  }

  readonly #changed = (): void => {
    for (const file of this.#incoming) {
      // An offer that is withdrawn or declined leaves nothing to see.
      if (file.state.name === 'failed' && !file.wanted) this.#incoming.delete(file)
    }
    for (const link of this.#links.keys()) {
      const files = [...this.#outgoing].filter(file => file.link === link)
      if (!files.some(({ state }) => state.name === 'moving')) void files.find(({ state }) => state.name === 'accepted')?.send()
    }
    this.notify()
  }
}
