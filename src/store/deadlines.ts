interface Entry {
  deadline: number
  /** its index in the queue; set by the queue only */
  slot: number
}

/** A priority queue: a binary heap of entries by deadline. Each entry knows its index, so it can be removed. */
export class Deadlines<T extends Entry> {
  readonly #heap: T[] = []

  /** The entry with the earliest deadline. */
  get first (): T | undefined {
    return this.#heap[0]
  }

  add (entry: T): void {
    this.#heap.push(entry)
    this.#rise(entry, this.#heap.length - 1)
  }

  remove (entry: T): void {
    const last = this.#heap.pop() as T
    if (last === entry) return
    this.#put(last, entry.slot)
    this.update(last)
  }

  clear (): void {
    this.#heap.length = 0
  }

  /** Call it after changing an entry's deadline. */
  update (entry: T): void {
    this.#rise(entry, entry.slot)
    this.#sink(entry, entry.slot)
  }

  #rise (entry: T, from: number): void {
    let slot = from
    while (slot > 0) {
      const above = (slot - 1) >> 1
      const parent = this.#heap[above] as T
      if (parent.deadline <= entry.deadline) break
      this.#put(parent, slot)
      slot = above
    }
    this.#put(entry, slot)
  }

  #sink (entry: T, from: number): void {
    let slot = from
    for (;;) {
      const left = this.#heap[2 * slot + 1]
      const right = this.#heap[2 * slot + 2]
      const child = right !== undefined && right.deadline < (left as T).deadline ? right : left
      if (child === undefined || entry.deadline <= child.deadline) break
      const below = child.slot
      this.#put(child, slot)
      slot = below
    }
    this.#put(entry, slot)
  }

  #put (entry: T, slot: number): void {
    this.#heap[slot] = entry
    entry.slot = slot
  }
}
