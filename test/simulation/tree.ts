/** Those keys of LMDB that the store uses. */
export type TreeKey = string | number | ReadonlyArray<string | number>

/** One database of a simulated LMDB: encoded values by key, in LMDB's order. */
export class Tree {
  readonly #keys: TreeKey[]
  readonly #values: Array<string | Buffer>

  constructor (before?: Tree) {
    this.#keys = before === undefined ? [] : [...before.#keys]
    this.#values = before === undefined ? [] : [...before.#values]
  }

  get (key: TreeKey): string | Buffer | undefined {
    const at = this.#find(key)
    return this.#has(at, key) ? this.#values[at] : undefined
  }

  put (key: TreeKey, value: string | Buffer): void {
    const at = this.#find(key)
    const count = this.#has(at, key) ? 1 : 0
    this.#keys.splice(at, count, key)
    this.#values.splice(at, count, value)
  }

  /** @returns false, and changes nothing, unless the key comes after all others */
  append (key: TreeKey, value: string | Buffer): boolean {
    if (this.#find(key) < this.#keys.length) return false
    this.put(key, value)
    return true
  }

  /** @returns whether it was there */
  remove (key: TreeKey): boolean {
    const at = this.#find(key)
    if (!this.#has(at, key)) return false
    this.#keys.splice(at, 1)
    this.#values.splice(at, 1)
    return true
  }

  /** From the first key to the last, without `end`. */
  range (start?: TreeKey, end?: TreeKey, limit = Infinity): Array<{ key: TreeKey, value: string | Buffer }> {
    const from = start === undefined ? 0 : this.#find(start)
    const to = Math.min(end === undefined ? this.#keys.length : this.#find(end), from + limit)
    const found: Array<{ key: TreeKey, value: string | Buffer }> = []
    for (let at = from; at < to; at++) found.push({ key: this.#keys[at] as TreeKey, value: this.#values[at] as string | Buffer })
    return found
  }

  #has (at: number, key: TreeKey): boolean {
    return at < this.#keys.length && compare(this.#keys[at] as TreeKey, key) === 0
  }

  /** The index of the first key that does not come before this one. */
  #find (key: TreeKey): number {
    let [low, high] = [0, this.#keys.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (compare(this.#keys[middle] as TreeKey, key) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Numbers come before strings, and a list after those that it begins with. */
function compare (a: TreeKey, b: TreeKey): number {
  const [left, right] = [[a].flat(), [b].flat()]
  for (let i = 0; i < left.length && i < right.length; i++) {
    const [x, y] = [left[i] as string | number, right[i] as string | number]
    if (x === y) continue
    if (typeof x !== typeof y) return typeof x === 'number' ? -1 : 1
    return x < y ? -1 : 1
  }
  return left.length - right.length
}
