import { createHash } from 'node:crypto'
import { appendFileSync } from 'node:fs'

/* What clients did and saw, in JSON lines. README.md describes the format. */

export type Operation = 'create' | 'open' | 'store' | 'read' | 'acknowledge' | 'drain' | 'delete'

export interface Input {
  ttl?: number
  keep?: number
  value?: string
  key?: string
  after?: number
  limit?: number
}

export interface Output {
  status: number
  code?: string
  seq?: number
  count?: number
  data?: string[]
  next?: number
}

export interface OperationLine {
  op: Operation
  client: string
  server: string
  box: string
  call: number
  return: number
  in: Input
  /** null if there was no answer, or one that does not tell */
  out: Output | null
}

export type EventLine =
  | { event: 'run', store: string, seed: string, maxMessages: number, endsWithServer: boolean }
  | { event: 'turn', server: string, time: number, call: number, return: number }
  | { event: 'dead', server: string, call: number, return: number }
  | { event: 'lost', call: number, return: number }
  | { event: 'failover', boxes: string[], safe: number, call: number, return: number }

/** The history of one run, in a file. */
export class History {
  readonly file: string
  /** the moment from which times count, in ns of this machine's monotonic clock */
  readonly since = process.hrtime.bigint()
  #lines: string[] = []

  constructor (file: string) {
    this.file = file
  }

  /** In ns since it began. All processes of the machine have the same clock. */
  now (): number {
    return Number(process.hrtime.bigint() - this.since)
  }

  /** lines not yet written */
  get length (): number {
    return this.#lines.length
  }

  note (line: OperationLine | EventLine): void {
    this.#lines.push(JSON.stringify(line))
  }

  /** Does something that takes a time, and notes it. */
  async happens<Line extends EventLine> (line: Omit<Line, 'call' | 'return'>, act: () => unknown): Promise<void> {
    const call = this.now()
    await act()
    this.note({ ...line, call, return: this.now() } as unknown as Line)
  }

  write (): void {
    appendFileSync(this.file, this.#lines.map(line => line + '\n').join(''))
    this.#lines = []
  }
}

/** How long a box is used, in ns, and how many are at a time. Each client finds them by itself. */
export const PERIOD = 2_500_000_000
export const SLOTS = 8

/** The id of the box that is in a slot at a moment. The slots do not change at once. */
export function boxAt (seed: string, slot: number, now: number): string {
  const generation = Math.floor((now + slot * PERIOD / SLOTS) / PERIOD)
  return `box_${createHash('sha256').update(`${seed}/${slot}/${generation}`).digest('base64url').slice(0, 32)}`
}

/** A generator of numbers from 0 up to, but not including, 1 (mulberry32), the same for the same seed. */
export function randomOf (seed: string): () => number {
  let state = createHash('sha256').update(seed).digest().readUInt32LE()
  return () => {
    state = (state + 0x6D2B79F5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
