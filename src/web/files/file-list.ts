import { element, showText } from '../ui/dom.js'
import { FileDrop } from './file-drop.js'
import type { FileLink } from './file-link.js'
import { announcementOf, noRoomText } from './file-texts.js'
import { IncomingFile } from './incoming-file.js'
import { NoRoom, openSink, removeLeftovers } from './sinks.js'
import type { Transfer } from './transfer.js'
import { TransferLine } from './transfer-line.js'
import { Transfers } from './transfers.js'

/** How often the list is shown anew, in ms, whatever the other page does. */
const SHOW_EVERY = 150

const NOBODY = 'Nobody is here to receive files right now.'

/** The files of a call: the button, the place to drop them, and the list of those on their way. */
export class FileList {
  readonly #section = element('files')
  readonly #list = element('transfers')
  readonly #rows = new WeakMap<object, HTMLElement>()
  readonly #lines = new Map<Transfer, TransferLine>()
  readonly #transfers = new Transfers(() => { this.#changed() })
  readonly #drop: FileDrop
  readonly #links = new Map<string, FileLink>()
  #showing: ReturnType<typeof setTimeout> | undefined

  /** @param nameOf somebody's name, if there are several people */
  constructor (private readonly announce: (text: string) => void, private readonly nameOf: (person: string) => string | undefined) {
    const input = element<HTMLInputElement>('file-input')
    for (const button of document.querySelectorAll('.send-files')) button.addEventListener('click', () => { if (this.#canSend()) input.click() })
    input.addEventListener('change', () => {
      this.#send([...input.files ?? []])
      // So that the same file can be chosen again.
      input.value = ''
    })
    this.#drop = new FileDrop(() => this.#transfers.canSend ? undefined : NOBODY, files => { this.#send(files) })
    addEventListener('beforeunload', event => {
      if (this.#transfers.list.some(({ state }) => state.name === 'moving')) event.preventDefault()
    })
    void removeLeftovers()
  }

  /** Talks to somebody's page about files from now on, or not for now. */
  connectedTo (person: string, link: FileLink | undefined): void {
    const before = this.#links.get(person)
    if (before !== undefined) this.#transfers.closed(before)
    this.#links.delete(person)
    if (link === undefined) return
    this.#links.set(person, link)
    this.#transfers.attach(link, person)
  }

  /** Somebody left, and does not come back to what was on its way. */
  left (person: string): void {
    this.#transfers.abandon(person)
  }

  /** Shows the list in a call, and what can still be saved after it. */
  show (inCall: boolean): void {
    this.#drop.enabled = inCall
    if (!inCall) {
      this.#links.clear()
      this.#transfers.stop()
      this.#trouble(undefined)
    }
    if (inCall !== (this.#section.nextElementSibling?.id === 'controls')) element(inCall ? 'chat' : 'start-text').after(this.#section)
    this.#show()
  }

  #canSend (): boolean {
    const { canSend } = this.#transfers
    this.#trouble(canSend ? undefined : NOBODY)
    return canSend
  }

  #send (files: File[]): void {
    if (files.length === 0 || !this.#canSend()) return
    if (!this.#transfers.send(files)) this.#trouble('Some files were not sent: too many are already waiting.')
  }

  async #accept (file: IncomingFile): Promise<void> {
    this.#trouble(undefined)
    try {
      const sink = await openSink(file.name, file.size)
      if (sink !== undefined) await file.accept(sink)
    } catch (error) {
      if (error instanceof NoRoom) this.#trouble(noRoomText(file.name, file.size, error.room))
      else file.fail('storage')
    }
  }

  /** Says why something could not be done, until the person does something else. */
  #trouble (text: string | undefined): void {
    showText(element('files-trouble'), text)
    this.#showSection()
  }

  #changed (): void {
    if (this.#transfers.canSend && element('files-trouble').textContent === NOBODY) this.#trouble(undefined)
    this.#showing ??= setTimeout(() => { this.#show() }, SHOW_EVERY)
  }

  #show (): void {
    clearTimeout(this.#showing)
    this.#showing = undefined
    const { list } = this.#transfers
    for (const [transfer, line] of this.#lines) {
      if (list.includes(transfer)) continue
      line.remove()
      this.#lines.delete(transfer)
    }
    for (const transfer of list) {
      let line = this.#lines.get(transfer)
      if (line === undefined) {
        line = new TransferLine(this.#rowOf(transfer), transfer, {
          accept: async () => { if (transfer instanceof IncomingFile) await this.#accept(transfer) },
          cancel: () => {
            this.#trouble(undefined)
            transfer.fail('stopped')
          },
          remove: () => {
            this.#trouble(undefined)
            this.#transfers.remove(transfer)
          }
        })
        this.#lines.set(transfer, line)
      }
      const news = line.show(this.nameOf(transfer.owner)) ? announcementOf(transfer) : undefined
      if (news !== undefined) this.announce(news)
    }
    this.#showSection()
  }

  /** The row of a file, shared by all its recipients. Files that this person is asked about come first, oldest question first. */
  #rowOf (transfer: Transfer): HTMLElement {
    let row = this.#rows.get(transfer.source)
    if (row?.isConnected) return row
    row = document.createElement('li')
    const name = document.createElement('bdi')
    name.textContent = transfer.name
    row.append(name)
    this.#rows.set(transfer.source, row)
    if (transfer.direction === 'out') {
      this.#list.append(row)
    } else {
      const asked = [...this.#list.querySelectorAll('.asked')].at(-1)
      if (asked === undefined) this.#list.prepend(row)
      else asked.after(row)
      this.#section.scrollTop = 0
    }
    return row
  }

  #showSection (): void {
    this.#section.hidden = this.#lines.size === 0 && element('files-trouble').hidden
  }
}
