/** How many messages wait at most, so that nobody can fill the other side's memory. */
const MAX_WAITING = 500

/** A message of somebody else. `from`: their name, if there are several people. */
export interface Received {
  text: string
  from: string | undefined
}

/** Chat messages that have arrived and are not shown yet. If there are too many, whoever has sent most loses their oldest. */
export class Backlog {
  #messages: Received[] = []

  add (message: Received): void {
    this.#messages.push(message)
    if (this.#messages.length > MAX_WAITING) this.#messages.splice(oldestOfMost(this.#messages.map(({ from }) => from)), 1)
  }

  /** Takes out the first `count` of them, or all. */
  take (count = MAX_WAITING): Received[] {
    return this.#messages.splice(0, count)
  }
}

/** The index of the first that belongs to whoever has most: so nobody's flood costs anyone else. */
export function oldestOfMost (owners: readonly unknown[]): number {
  const counts = new Map<unknown, number>()
  for (const owner of owners) counts.set(owner, (counts.get(owner) ?? 0) + 1)
  const most = Math.max(...counts.values())
  return owners.findIndex(owner => counts.get(owner) === most)
}
