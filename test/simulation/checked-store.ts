import { hasCode, isBoxError } from '../../src/errors.js'
import type { Limits, Page, Store } from '../../src/store/store.js'
import type { World } from './world.js'

/** What is known of a box from all that its store has said. */
interface Known {
  /** every text that a sequence number was seen with */
  texts: Map<number, string>
  seqs: Map<string, number>
  /** how many stores of a text were accepted, or may have been */
  accepted: Map<string, number>
  /** the highest sequence number that was acknowledged to a writer */
  stored: number
  /** up to here, messages are gone for certain, and may be gone */
  taken: number
  takenPerhaps: number
  isDeleted: boolean
  /** or whether it was created at all */
  isDeletedPerhaps: boolean
}

/**
 * A store that checks what the one below it says against all that it said before: the promises of `Store`, for boxes
 * that do not expire.
 */
export class CheckedStore implements Store {
  readonly name: string
  /** the subscriptions that have not been ended */
  subscriptions = 0
  readonly #world: World
  readonly #store: Store
  readonly #boxes: Map<string, Known>

  /** @param before whose knowledge this one continues with, as after a crash of a durable store */
  constructor (world: World, store: Store, before?: CheckedStore) {
    this.name = store.name
    this.#world = world
    this.#store = store
    this.#boxes = before === undefined ? new Map() : before.#boxes
  }

  /** The boxes that may exist. */
  get boxes (): string[] {
    return [...this.#boxes].filter(([, { isDeleted }]) => !isDeleted).map(([drop]) => drop)
  }

  async create (...args: Parameters<Store['create']>): Promise<void> {
    const box = { ...newlyKnown(), isDeletedPerhaps: true }
    this.#boxes.set(args[0], box)
    await this.#store.create(...args)
    box.isDeletedPerhaps = false
  }

  async open (...args: Parameters<Store['open']>): ReturnType<Store['open']> {
    const opened = await this.#store.open(...args)
    if (opened.created) {
      this.#check(!this.#boxes.has(args[0]), () => 'a box that exists was created again')
      this.#boxes.set(args[0], newlyKnown())
    }
    return opened
  }

  async append (...args: Parameters<Store['append']>): ReturnType<Store['append']> {
    const [drop, message, , limits] = args
    return await this.#use(drop, async box => {
      box.accepted.set(message.text, (box.accepted.get(message.text) ?? 0) + 1)
      try {
        const appended = await this.#store.append(...args)
        this.#check(appended.count <= limits.maxMessages, () => `a box has ${appended.count} messages`)
        this.#found(box, appended.seq, message.text)
        box.stored = Math.max(box.stored, appended.seq)
        this.#checkSize(box, limits)
        return appended
      } catch (error) {
        if (isRefusal(error)) box.accepted.set(message.text, (box.accepted.get(message.text) as number) - 1)
        throw error
      }
    })
  }

  async read (...args: Parameters<Store['read']>): Promise<Page> {
    const [drop, after, limit] = args
    return await this.#use(drop, async (box, before) => {
      const page = await this.#store.read(...args)
      this.#checkPage(box, page, after, limit, before)
      return page
    }, after)
  }

  async acknowledge (...args: Parameters<Store['acknowledge']>): Promise<number> {
    const [drop, after] = args
    return await this.#use(drop, async box => {
      box.takenPerhaps = Math.max(box.takenPerhaps, after)
      const left = await this.#store.acknowledge(...args)
      box.taken = Math.max(box.taken, after)
      return left
    }, after)
  }

  async drain (...args: Parameters<Store['drain']>): ReturnType<Store['drain']> {
    return await this.#use(args[0], async (box, before) => {
      // Until it has settled, nobody knows how far it takes.
      box.takenPerhaps = Infinity
      const drained = await this.#store.drain(...args)
      if ('needs' in drained) return drained
      this.#checkPage(box, drained, before.taken, Infinity, before)
      box.taken = Math.max(box.taken, drained.next)
      return drained
    })
  }

  async delete (...args: Parameters<Store['delete']>): Promise<void> {
    await this.#use(args[0], async box => {
      box.isDeletedPerhaps = true
      await this.#store.delete(...args)
      box.isDeleted = true
    })
  }

  async subscribe (...args: Parameters<Store['subscribe']>): ReturnType<Store['subscribe']> {
    const end = await this.#store.subscribe(...args)
    this.subscriptions++
    let isOpen = true
    return () => {
      if (isOpen) this.subscriptions--
      isOpen = false
      end()
    }
  }

  async sweep (now: number): Promise<number> {
    return await this.#store.sweep(now)
  }

  async check (): Promise<void> {
    await this.#store.check()
  }

  async close (): Promise<void> {
    await this.#store.close()
  }

  async #use<T> (drop: string, work: (box: Known, before: Known) => Promise<T>, cursor = 0): Promise<T> {
    const box = this.#boxes.get(drop)
    // Nobody has created it, so the store must say that it is not there.
    const known = box ?? newlyKnown()
    const before = { ...known }
    let result: T
    try {
      result = await work(known, before)
    } catch (error) {
      if (hasCode(error, 'BOX_ERR_NOT_FOUND')) this.#check(box === undefined || known.isDeletedPerhaps, () => 'a box is lost')
      if (hasCode(error, 'BOX_ERR_CURSOR')) this.#check(cursor > before.stored, () => `a box has lost message ${cursor}`)
      throw error
    }
    this.#check(box !== undefined && !before.isDeleted, () => 'a box that does not exist was used')
    return result
  }

  #checkPage (box: Known, { texts, next }: Page, after: number, limit: number, before: Known): void {
    this.#check(texts.length <= limit, () => `a page of ${texts.length} for a limit of ${limit}`)
    const first = next - texts.length + 1
    for (const [i, text] of texts.entries()) this.#found(box, first + i, text)
    if (texts.length > 0) {
      this.#check(first > after, () => `message ${first} after cursor ${after}`)
      this.#check(first > before.taken, () => `message ${first} was read after message ${before.taken} was acknowledged`)
    }
    const from = Math.max(after, box.takenPerhaps)
    const isComplete = texts.length === limit || next >= before.stored || from >= before.stored
    this.#check(isComplete, () => `a read after ${after} ends at ${next}, but message ${before.stored} was stored`)
    this.#check(texts.length === 0 || first <= from + 1 || box.takenPerhaps === Infinity, () => `a read after ${after} begins at ${first}, but only ${box.takenPerhaps} were acknowledged`)
  }

  #found (box: Known, seq: number, text: string): void {
    const known = box.texts.get(seq)
    this.#check(known === undefined || known === text, () => `message ${seq} was ${known}, and is now ${text}`)
    const other = box.seqs.get(text)
    this.#check(other === undefined || other === seq, () => `${text} is stored twice, as ${other} and ${seq}`)
    this.#check((box.accepted.get(text) ?? 0) > 0, () => `${text} was refused, but is stored`)
    box.texts.set(seq, text)
    box.seqs.set(text, seq)
  }

  /** What is certainly in the box must not exceed its size. */
  #checkSize (box: Known, { maxBoxBytes }: Limits): void {
    let bytes = 0
    for (let seq = box.takenPerhaps + 1; seq <= box.stored; seq++) bytes += Buffer.byteLength(box.texts.get(seq) ?? '')
    this.#check(bytes <= maxBoxBytes, () => `a box has ${bytes} bytes`)
  }

  #check (condition: boolean, message: () => string): void {
    this.#world.check(condition, message)
  }
}

function newlyKnown (): Known {
  return { texts: new Map(), seqs: new Map(), accepted: new Map(), stored: 0, taken: 0, takenPerhaps: 0, isDeleted: false, isDeletedPerhaps: false }
}

/** Whether the store said that it has stored nothing. */
function isRefusal (error: unknown): boolean {
  return isBoxError(error) && !hasCode(error, 'BOX_ERR_STORE')
}
