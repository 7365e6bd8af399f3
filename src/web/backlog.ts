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
    if (this.#messages.length <= MAX_WAITING) return
    const counts = new Map<string | undefined, number>()
    for (const { from } of this.#messages) counts.set(from, (counts.get(from) ?? 0) + 1)
    const most = Math.max(...counts.values())
    this.#messages.splice(this.#messages.findIndex(({ from }) => counts.get(from) === most), 1)
  }

  /** Takes out the first `count` of them, or all. */
  take (count = MAX_WAITING): Received[] {
    return this.#messages.splice(0, count)
  }
}
