/** A step that is to come. */
export interface Entry {
  /** ms since the beginning */
  at: number
  /** decides between those at the same time */
  rank: number
  label: string
  run: () => unknown
  /** where it is in the heap; -1 outside */
  index?: number
  order?: number
}

/** The steps to come, the first one first: a binary heap, and the immediates, which run in the order in which they were set. */
export class Agenda {
  readonly #heap: Entry[] = []
  readonly #immediates = new Set<Entry>()
  #order = 0

  get first (): Entry | undefined {
    return this.#heap[0]
  }

  get immediate (): Entry | undefined {
    return this.#immediates.values().next().value
  }

  get size (): number {
    return this.#heap.length + this.#immediates.size
  }

  /** What those to come are called, for a message. */
  get labels (): string[] {
    return [...this.#heap, ...this.#immediates].map(({ label }) => label)
  }

  add (entry: Entry): void {
    entry.order = this.#order++
    this.#heap.push(entry)
    this.#rise(entry, this.#heap.length - 1)
  }

  addImmediate (entry: Entry): void {
    this.#immediates.add(entry)
  }

  takeFirst (): Entry | undefined {
    const [first] = this.#heap
    if (first !== undefined) this.remove(first)
    return first
  }

  takeImmediate (at: number): Entry | undefined {
    const entry = this.immediate
    if (entry === undefined) return undefined
    this.#immediates.delete(entry)
    return { ...entry, at }
  }

  remove (entry: Entry): void {
    if (this.#immediates.delete(entry)) return
    const { index = -1 } = entry
    if (index < 0) return
    entry.index = -1
    const last = this.#heap.pop() as Entry
    if (last === entry) return
    this.#rise(last, index)
    this.#sink(last, last.index as number)
  }

  #rise (entry: Entry, index: number): void {
    while (index > 0) {
      const above = (index - 1) >> 1
      const parent = this.#heap[above] as Entry
      if (!isBefore(entry, parent)) break
      this.#put(parent, index)
      index = above
    }
    this.#put(entry, index)
  }

  #sink (entry: Entry, index: number): void {
    for (;;) {
      const left = this.#heap[2 * index + 1]
      const right = this.#heap[2 * index + 2]
      const child = right !== undefined && isBefore(right, left as Entry) ? right : left
      if (child === undefined || !isBefore(child, entry)) break
      const below = child.index as number
      this.#put(child, index)
      index = below
    }
    this.#put(entry, index)
  }

  #put (entry: Entry, index: number): void {
    this.#heap[index] = entry
    entry.index = index
  }
}

function isBefore (a: Entry, b: Entry): boolean {
  return (a.at - b.at || a.rank - b.rank || (a.order as number) - (b.order as number)) < 0
}
