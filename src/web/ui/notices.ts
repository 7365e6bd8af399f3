export interface Notice {
  /** what it is about. Who has dismissed a notice does not see another about the same until this one is over */
  about: string
  text: string
  /** nobody has to dismiss it */
  brief?: true
}

/** What the page has to say from several sources, of which it shows one at a time. */
export class Notices {
  readonly #current = new Map<string, Notice & { dismissed?: true }>()

  /** @param order the sources, the most important first */
  constructor (private readonly order: readonly string[]) {}

  /** Sets what a source has to say; nothing if there is no notice. */
  set (source: string, notice: Notice | undefined): void {
    const before = this.#current.get(source)
    if (notice === undefined) this.#current.delete(source)
    else this.#current.set(source, { ...notice, ...(before?.about === notice.about && before.dismissed && { dismissed: true }) })
  }

  /** What to show; undefined if there is nothing, or all of it was dismissed. */
  get shown (): string | undefined {
    return this.#first()?.text
  }

  /** @param source whose notice; by default, the one that is shown */
  dismiss (source?: string): void {
    const notice = source === undefined ? this.#first() : this.#current.get(source)
    if (notice !== undefined) notice.dismissed = true
  }

  #first () {
    return this.order.map(source => this.#current.get(source)).find(notice => notice !== undefined && !notice.dismissed)
  }
}
