import { FileLink } from '../../../src/web/files/file-link.js'
import type { IncomingFile, Sink } from '../../../src/web/files/incoming-file.js'
import { Transfers } from '../../../src/web/files/transfers.js'

type Data = string | Uint8Array<ArrayBuffer>

/** One end of a data channel. What is sent waits until its wire carries it. */
export class FakeChannel extends EventTarget {
  readyState: RTCDataChannelState = 'connecting'
  bufferedAmount = 0
  bufferedAmountLowThreshold = 0
  readonly sent: Data[] = []

  constructor (private readonly wake = () => {}) { super() }

  send (data: Data) {
    if (this.readyState !== 'open') throw new DOMException('It is closed', 'InvalidStateError')
    // As a real one, it keeps what it was given at that time.
    this.sent.push(typeof data === 'string' ? data : data.slice())
    this.bufferedAmount += data.length
    this.wake()
  }

  /** What was sent first leaves. */
  take (): Data | undefined {
    const data = this.sent.shift()
    const before = this.bufferedAmount
    this.bufferedAmount -= data?.length ?? 0
    if (before > this.bufferedAmountLowThreshold && this.bufferedAmount <= this.bufferedAmountLowThreshold) this.dispatchEvent(new Event('bufferedamountlow'))
    return data
  }

  hear (data: Data | object) {
    const given = data instanceof Uint8Array ? data.slice().buffer : typeof data === 'string' ? data : JSON.stringify(data)
    this.dispatchEvent(Object.assign(new Event('message'), { data: given }))
  }

  open () {
    this.readyState = 'open'
    this.dispatchEvent(new Event('open'))
  }

  close () {
    if (this.readyState === 'closed') return
    this.readyState = 'closed'
    this.sent.length = 0
    this.dispatchEvent(new Event('close'))
  }
}

export function linkOn (channel: FakeChannel, maxMessageSize = 65_536): FileLink {
  return new FileLink({ sctp: { maxMessageSize } as RTCSctpTransport, createDataChannel: () => channel as unknown as RTCDataChannel })
}

/** Two ends, and what carries messages between them, one at a time, until it breaks. */
export class Wire {
  readonly ends: [FakeChannel, FakeChannel]
  readonly broken: Promise<void>
  #carrying = false
  #onBroken!: () => void

  /** @param life how many messages it carries */
  constructor (private life = Infinity) {
    this.ends = [new FakeChannel(this.#carry), new FakeChannel(this.#carry)]
    this.broken = new Promise(resolve => { this.#onBroken = resolve })
  }

  open () {
    for (const end of this.ends) end.open()
  }

  break () {
    for (const end of this.ends) end.close()
    this.#onBroken()
  }

  readonly #carry = () => {
    if (this.#carrying) return
    this.#carrying = true
    setImmediate(() => {
      this.#carrying = false
      const [a, b] = this.ends
      for (const [from, to] of [[a, b], [b, a]] as const) {
        if (from.readyState !== 'open' || from.sent.length === 0) continue
        if (this.life-- <= 0) return this.break()
        const data = from.take()
        if (data !== undefined) to.hear(data)
      }
      if (this.ends.some(({ sent }) => sent.length > 0)) this.#carry()
    })
  }
}

/** Keeps what is written to it. */
export class MemorySink implements Sink {
  readonly written: Uint8Array<ArrayBuffer>[] = []
  closed = false
  discarded = false

  async write (bytes: Uint8Array<ArrayBuffer>) { this.written.push(bytes) }

  async close () {
    this.closed = true
    return new Blob(this.written)
  }

  async discard () { this.discarded = true }
}

/** The files of one page, which accepts what it is offered as it is told to. */
export class FakePage {
  static readonly #made: FakePage[] = []
  readonly transfers: Transfers
  readonly sinks = new Map<string, MemorySink>()
  #accepted = new Set<string>()

  constructor (accepts: (file: IncomingFile) => Sink | undefined = () => new MemorySink(), private readonly then = () => {}) {
    FakePage.#made.push(this)
    this.transfers = new Transfers(() => {
      for (const file of this.incoming) {
        if (file.state.name !== 'asked' || this.#accepted.has(file.id)) continue
        this.#accepted.add(file.id)
        const sink = accepts(file)
        if (sink instanceof MemorySink) this.sinks.set(file.name, sink)
        if (sink !== undefined) void file.accept(sink)
      }
      this.then()
    })
  }

  /** Closes all pages, which may still wait for each other. */
  static closeAll (): void {
    for (const { transfers } of FakePage.#made) transfers.stop()
  }

  get incoming () { return this.transfers.list.filter(({ direction }) => direction === 'in') as IncomingFile[] }
  get outgoing () { return this.transfers.list.filter(({ direction }) => direction === 'out') }
}
