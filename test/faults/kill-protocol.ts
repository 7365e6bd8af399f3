/** What the writers are told to do. */
export interface Order {
  path: string
  round: number
  boxes: string[]
  /** what was sent with a key in an earlier round and never answered: to be sent again under the same key */
  retry: Array<{ drop: string, text: string }>
  /** messages of each writer */
  appends: number
  /** opens the directory without flushes: the control that must fail */
  noSync?: boolean
}

/**
 * The idempotency key of a writer's message, which begins with `round.writer.n `: sixteen have one
 * and sixteen have none, since a store may keep the two in different ways.
 */
export function keyOf (text: string): string | undefined {
  const [id = ''] = text.replace('"', '').split(' ', 1)
  const [, writer, n] = id.split('.').map(Number) as [number, number, number]
  return (writer + Math.floor(n / 16)) % 2 === 0 ? id : undefined
}

/** What they tell, in order. */
export type Report =
  | { event: 'ready' }
  | { event: 'sent', drop: string, text: string }
  | { event: 'stored', drop: string, text: string, seq: number }
  /** and to be acknowledged next */
  | { event: 'read', drop: string, texts: string[] }
  | { event: 'acknowledged', drop: string, texts: string[] }
  | { event: 'draining', drop: string }
  | { event: 'drained', drop: string, texts: string[] }

/** What is wrong with boxes, in messages. */
export interface Damage {
  lost: number
  /** were acknowledged or drained, and are there again */
  back: number
  doubled: number
  misnumbered: number
}

/** What is known of one box from the answers that came. */
export class Known {
  /** text → number, for all that were answered */
  readonly stored = new Map<string, number>()
  readonly unanswered = new Set<string>()
  /** perhaps acknowledged, if that was not answered */
  readonly #read = new Set<string>()
  /** acknowledged or drained: gone for good */
  readonly taken = new Set<string>()
  #draining = false

  note (report: Exclude<Report, { event: 'ready' }>): void {
    switch (report.event) {
      case 'sent':
        this.unanswered.add(report.text)
        break
      case 'stored':
        this.unanswered.delete(report.text)
        this.stored.set(report.text, report.seq)
        break
      case 'read':
        for (const text of report.texts) this.#read.add(text)
        break
      case 'draining':
        this.#draining = true
        break
      case 'drained':
        this.#draining = false
        for (const text of report.texts) this.taken.add(text)
        break
      case 'acknowledged':
        for (const text of report.texts) this.taken.add(text)
        this.#read.clear()
    }
  }

  /** Compares with what the box holds after the process ended in the middle of it all. */
  compare (texts: string[], next: number): Damage {
    const present = new Set(texts)
    const damage = { lost: 0, back: 0, doubled: texts.length - present.size, misnumbered: 0 }
    for (const [i, text] of texts.entries()) {
      if (this.taken.has(text)) damage.back++
      const seq = this.stored.get(text)
      if (seq !== undefined && seq !== next - texts.length + 1 + i) damage.misnumbered++
    }
    const first = texts.length === 0 ? Infinity : next - texts.length + 1
    for (const [text, seq] of this.stored) {
      if (present.has(text) || this.taken.has(text)) continue
      // Only an acknowledgement whose answer was cut off may have taken it.
      if (this.#read.has(text)) this.taken.add(text)
      // Only a drain whose answer was cut off may have taken it, and then with all before it.
      else if (this.#draining && seq < first) this.taken.add(text)
      else damage.lost++
    }
    this.#draining = false
    this.#read.clear()
    return damage
  }
}

export function addDamage (total: Damage, more: Damage): void {
  for (const kind of ['lost', 'back', 'doubled', 'misnumbered'] as const) total[kind] += more[kind]
}
