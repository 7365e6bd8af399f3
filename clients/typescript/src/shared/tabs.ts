import { base64 } from '../address.js'
import type { Source } from '../follow.js'
import { BoxError } from '../http.js'
import { Scope } from '../scope.js'
import { canCopy, isSaid, nameFor, type BetweenTabs, type Told } from './between-tabs.js'
import { Hub } from './hub.js'
import { freshOf, type Carrier, type Reader } from './reader.js'

export function canShareTabs (): boolean {
  // Node has both, too, and its processes are no tabs.
  return globalThis.location !== undefined && globalThis.navigator?.locks !== undefined && globalThis.BroadcastChannel !== undefined
}

/**
 * Gives the readers of all tabs of an origin their messages through the hub of one tab: the one that holds the lock. The
 * browser passes the lock on when that tab is closed, and the others then add their readers to the new leader, each with
 * its own cursor. So whatever gets lost between tabs is read again, and what comes twice is skipped.
 *
 * Each tab also holds a lock of its own, by which the leader sees that a tab is gone. A leader that does not answer,
 * because its tab is suspended, has the lock taken away. Where the browser grants no locks, for example in a sandboxed
 * frame, each page leads itself.
 */
export class Tabs implements Carrier {
  readonly #source: Source
  readonly #name: string
  #tab = ''
  readonly #readers = new Map<number, Reader>()
  /** those of other tabs, while this one leads */
  readonly #remote = new Map<string, Reader>()
  readonly #watched = new Set<string>()
  readonly #own: Hub
  #count = 0
  /** its own, while this tab leads */
  #hub: Hub | undefined
  #channel: BroadcastChannel | undefined
  /** as long as this tab takes part */
  #part: Scope | undefined
  /** as long as it stands in line or leads */
  #term: Scope | undefined
  /** whether the leader can see this tab */
  #isSeen = false
  #heard = 0

  constructor (source: Source) {
    this.#source = source
    this.#own = new Hub(source)
    this.#name = nameFor(source.server)
  }

  get isIdle (): boolean {
    return this.#readers.size === 0 && this.#remote.size === 0
  }

  add (reader: Reader): void {
    const number = ++this.#count
    this.#readers.set(number, reader)
    if (this.#part === undefined) this.#join()
    else if (this.#hub !== undefined) this.#hub.add(reader)
    else if (this.#isSeen) this.#ask(number, reader)
  }

  remove (reader: Reader): void {
    for (const [number, known] of this.#readers) {
      if (known !== reader) continue
      this.#readers.delete(number)
      if (this.#hub !== undefined) this.#hub.remove(reader)
      else this.#post({ type: 'remove', tab: this.#tab, reader: number })
    }
    this.#leaveIfIdle()
  }

  #post (message: BetweenTabs): void {
    this.#channel?.postMessage(message)
  }

  #ask (number: number, { box, cursor }: Reader): void {
    this.#post({ type: 'add', tab: this.#tab, reader: number, box, after: cursor })
  }

  #join (): void {
    const part = this.#part = new Scope()
    // A new one each time: a leader that is suspended may still hold, or wait for, the lock of the last one.
    this.#tab = base64(crypto.getRandomValues(new Uint8Array(12)))
    try {
      this.#listen(part)
    } catch {
      // Firefox, if the user has forbidden the page to store anything.
      return this.#lead()
    }
    void this.#showItself(part).catch(() => {})
    this.#stand(part)
    void this.#watchLeader(part).catch(() => {})
  }

  #listen (part: Scope): void {
    const channel = this.#channel = new BroadcastChannel(this.#name)
    channel.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      if (!isSaid(data)) return
      if (this.#hub === undefined) this.#hear(data)
      else this.#answer(data, this.#hub)
    })
    // What was said while the page was in the back/forward cache is lost.
    const restore = () => { if (this.#hub === undefined && this.#isSeen) this.#askAll() }
    addEventListener('pageshow', restore)
    part.signal.addEventListener('abort', () => {
      removeEventListener('pageshow', restore)
      channel.close()
    })
  }

  /** Holds the lock by which the leader sees this tab. A browser may take it away while the page is not shown. */
  async #showItself (part: Scope): Promise<void> {
    const held = () => {
      this.#isSeen = true
      if (this.#hub === undefined) this.#askAll()
    }
    while (await this.#hold(`${this.#name} ${this.#tab}`, { signal: part.signal }, part, held)) {
      await part.sleep(this.#source.timings.minDelay)
    }
  }

  /** Holds a lock until the scope ends, or the lock is taken away. Resolves with whether the browser grants locks at all. */
  async #hold (name: string, options: LockOptions, scope: Scope, held: () => void): Promise<boolean> {
    let isGranted = false
    await navigator.locks.request(name, options, async () => {
      isGranted = true
      if (scope.signal.aborted) return
      held()
      await scope.race(new Promise(() => {})).catch(() => {})
    }).catch(() => {})
    return isGranted || scope.signal.aborted
  }

  /** Waits until it leads, or leads at once. A leader that has lost its lock stands in line again. */
  #stand (part: Scope, steal = false): void {
    const term = new Scope(part)
    this.#term?.end()
    this.#term = term
    void this.#hold(this.#name, steal ? { steal } : { signal: term.signal }, term, () => { this.#lead() }).then(isGranted => {
      if (this.#term !== term) return
      if (!isGranted) return this.#lead()
      this.#follow()
      if (!part.signal.aborted) this.#stand(part)
    })
  }

  #lead (): void {
    this.#hub = this.#own
    for (const reader of this.#readers.values()) this.#own.add(reader)
    this.#post({ type: 'lead' })
  }

  #follow (): void {
    const hub = this.#hub
    this.#hub = undefined
    for (const reader of [...this.#readers.values(), ...this.#remote.values()]) hub?.remove(reader)
    this.#remote.clear()
    this.#watched.clear()
    this.#heard = performance.now()
    if (hub !== undefined && this.#isSeen) this.#askAll()
  }

  #askAll (): void {
    for (const [number, reader] of this.#readers) this.#ask(number, reader)
  }

  /** As a leader. */
  #answer (asked: BetweenTabs, hub: Hub): void {
    if (asked.type === 'ping') return this.#post({ type: 'here' })
    if (asked.type !== 'add' && asked.type !== 'remove') return
    const { tab, reader: number } = asked
    const known = this.#remote.get(`${tab} ${number}`)
    // A tab asks when it comes and when a leader does, which may be at the same time.
    if (asked.type === 'add' && known?.box === asked.box && known.cursor === asked.after) return
    this.#drop(`${tab} ${number}`)
    if (asked.type === 'remove') return this.#leaveIfIdle()
    const reader = this.#remoteReader(tab, number, asked.box, asked.after)
    this.#remote.set(`${tab} ${number}`, reader)
    this.#watchTab(tab)
    hub.add(reader)
  }

  #drop (key: string): void {
    const reader = this.#remote.get(key)
    if (reader !== undefined) this.#hub?.remove(reader)
    this.#remote.delete(key)
  }

  #remoteReader (to: string, reader: number, box: string, cursor: number): Reader {
    const end = (told: Told) => {
      this.#drop(`${to} ${reader}`)
      this.#post(told)
    }
    const detach = () => { end({ to, type: 'detach', reader }) }
    return {
      box,
      cursor,
      receive: (messages, after, length) => {
        if (canCopy(messages)) this.#post({ to, type: 'messages', reader, messages, after, length })
        else detach()
      },
      detach,
      fail: error => {
        const { status, code, detail, retryAfter } = error as BoxError
        end({ to, type: 'fail', reader, status, code, detail, retryAfter })
      }
    }
  }

  /** A tab that is gone no longer holds its lock. */
  #watchTab (tab: string): void {
    if (this.#watched.has(tab) || this.#term === undefined) return
    this.#watched.add(tab)
    const { signal } = this.#term
    navigator.locks.request(`${this.#name} ${tab}`, { signal }, () => {
      if (signal.aborted) return
      this.#watched.delete(tab)
      for (const key of this.#remote.keys()) if (key.startsWith(`${tab} `)) this.#drop(key)
      this.#leaveIfIdle()
    }).catch(() => {})
  }

  /** As a tab that does not lead. */
  #hear (told: BetweenTabs): void {
    if (told.type === 'add' || told.type === 'remove' || told.type === 'ping') return
    this.#heard = performance.now()
    if (told.type === 'lead' && this.#isSeen) this.#askAll()
    if (told.type === 'lead' || told.type === 'here' || told.to !== this.#tab) return
    const reader = this.#readers.get(told.reader)
    if (reader === undefined) return
    if (told.type === 'detach') return reader.detach()
    if (told.type === 'fail') return reader.fail(new BoxError(told.status, told, told.retryAfter))
    const { cursor } = reader
    // Something is missing.
    if (told.after > cursor) return this.#ask(told.reader, reader)
    const fresh = freshOf(told.messages, cursor)
    reader.cursor = fresh.at(-1)?.seq ?? cursor
    if (fresh.length > 0) reader.receive(fresh, cursor, told.length)
  }

  /** Takes over from a leader that is silent and does not answer. */
  async #watchLeader (part: Scope): Promise<void> {
    const { streamIdleTimeout, streamOpenTimeout } = this.#source.timings
    const isSilent = (ms: number) => this.#hub === undefined && performance.now() - this.#heard >= ms
    let before = new Map<Reader, number>()
    this.#heard = performance.now()
    for (;;) {
      await part.sleep(streamIdleTimeout)
      if (this.#hub !== undefined) continue
      // The leader may not know this tab, or have told it what got lost. A reader that gets messages would notice.
      for (const [number, reader] of this.#readers) {
        if (this.#isSeen && (before.get(reader) ?? reader.cursor) === reader.cursor) this.#ask(number, reader)
      }
      before = new Map([...this.#readers.values()].map(reader => [reader, reader.cursor]))
      if (!isSilent(streamIdleTimeout)) continue
      this.#post({ type: 'ping' })
      await part.sleep(streamOpenTimeout)
      if (isSilent(streamOpenTimeout)) this.#stand(part, true)
    }
  }

  #leaveIfIdle (): void {
    if (!this.isIdle) return
    this.#part?.end()
    this.#part = this.#channel = this.#term = undefined
    this.#hub = undefined
    this.#isSeen = false
    this.#watched.clear()
  }
}
