import { transferText } from './file-texts.js'
import { Pace } from './pace.js'
import type { Transfer } from './transfer.js'

export interface FileActions {
  accept (): Promise<void>
  cancel (): void
  remove (): void
}

/** One transfer of a file in the list: to one person, or from one. */
export class TransferLine {
  readonly #element = document.createElement('div')
  readonly #status = document.createElement('span')
  readonly #progress = document.createElement('progress')
  readonly #buttons = document.createElement('div')
  readonly #pace = new Pace()
  /** The states it has been shown in: a transfer that goes on starts only once. */
  readonly #seen = new Set<string>()
  #shown = ''
  #url: string | undefined
  #accepting = false
  #who: string | undefined

  /** @param row the file's */
  constructor (private readonly row: HTMLElement, private readonly transfer: Transfer, private readonly actions: FileActions) {
    this.#element.className = 'line'
    this.#status.className = 'note'
    this.#progress.max = Math.max(1, transfer.size)
    this.#progress.setAttribute('aria-label', transfer.name)
    this.#buttons.className = 'actions'
    this.#element.append(this.#status, this.#buttons, this.#progress)
    row.append(this.#element)
  }

  /** Shows the file as it is now. @param who whose page is at the other end, if there are several. @returns whether it is the first time in this state */
  show (who: string | undefined): boolean {
    this.#who = who ?? this.#who
    const { state, moved, link, isOver } = this.transfer
    if (state.name === 'moving' && link !== undefined) this.#pace.update(moved, performance.now())
    else this.#pace.reset()
    const words = transferText(this.transfer, this.#pace.rate)
    const status = this.#who === undefined ? words : `${this.transfer.direction === 'out' ? 'To' : 'From'} ${this.#who} · ${words}`
    if (this.#status.textContent !== status) this.#status.textContent = status
    this.#progress.hidden = isOver || (moved === 0 && state.name !== 'moving')
    this.#progress.value = moved
    this.#showButtons()
    const first = !this.#seen.has(state.name)
    this.#seen.add(state.name)
    return first
  }

  remove (): void {
    if (this.#url !== undefined) URL.revokeObjectURL(this.#url)
    this.#element.remove()
    if (this.row.querySelector('.line') === null) this.row.remove()
  }

  #showButtons (): void {
    const { state, direction, isOver } = this.transfer
    const { cancel, remove } = this.actions
    const asked = state.name === 'asked' && direction === 'in'
    const shown = asked ? 'asked' : isOver ? 'over' : 'going'
    if (shown === this.#shown) return
    this.#shown = shown
    this.row.classList.toggle('asked', asked)
    const focused = this.#buttons.contains(document.activeElement)
    this.#buttons.replaceChildren()
    if (asked) this.#button('Accept', () => { void this.#accept() }).classList.add('primary')
    if (state.name === 'done' && state.file !== undefined) this.#saveLink(state.file)
    if (isOver) this.#button('Remove', remove)
    else this.#button(asked ? 'Decline' : 'Cancel', cancel)
    if (focused) (this.#buttons.firstElementChild as HTMLElement).focus()
  }

  /** Only once at a time: while the browser asks where to save the file, it refuses to ask again, as it would after a double click. */
  async #accept (): Promise<void> {
    if (this.#accepting || this.transfer.state.name !== 'asked') return
    this.#accepting = true
    await this.actions.accept()
    this.#accepting = false
  }

  #button (label: string, act: () => void): HTMLButtonElement {
    const button = this.#add(document.createElement('button'), label)
    button.type = 'button'
    button.onclick = act
    return button
  }

  /** Of no type: wherever it is opened, nothing in it runs. */
  #saveLink (file: Blob): void {
    const link = this.#add(document.createElement('a'), 'Save')
    this.#url = link.href = URL.createObjectURL(file.slice(0, file.size, 'application/octet-stream'))
    link.download = this.transfer.name
    link.classList.add('primary')
  }

  #add<T extends HTMLElement> (control: T, label: string): T {
    control.className = 'button small'
    control.textContent = label
    control.setAttribute('aria-label', `${label} ${this.transfer.name}${this.#who === undefined ? '' : `, ${this.#who}`}`)
    this.#buttons.append(control)
    return control
  }
}
