import { Allowance } from './allowance.js'
import { utf8 } from '../bytes.js'
import type { ControlChannel } from './control-channel.js'
import { MAX_VALUE_BYTES } from './pieces.js'
import { parseSealed } from './sealing.js'

/**
 * How much the host relays from one guest to another, at once and per second, in units of up to 8 KiB: a few times
 * what connecting takes. From all other guests together, it relays up to four times that. Each piece of a large message
 * takes several units, so the receiver's control channel accepts all of it, and has room for the host's own messages.
 */
const BURST = 100
const PER_SECOND = 1
const UNIT = 8_192
const SENDERS = 4

/** How much may wait to be sent to one guest, in bytes: well below what fills the buffer, which would end its connection. */
const MAX_BACKLOG = 4_194_304

interface Member {
  key: string
  control: ControlChannel
  receiving: Allowance
  /** by the receiver's id */
  sending: Map<string, Allowance>
}

/**
 * Introduces the guests of a call to each other, on the host's side: tells each who else is there, and passes on the
 * sealed messages with which they connect.
 */
export class Introducer {
  readonly #members = new Map<string, Member>()

  /** Call before the guest's connection is up. Until `add`, nothing is passed on. */
  listenTo (id: string, control: ControlChannel): void {
    control.on('relay', ({ message }) => { this.#relay(id, control, message) })
  }

  /** Introduces a guest to all others. */
  add (id: string, key: string, control: ControlChannel): void {
    this.remove(id, this.#members.get(id)?.control)
    for (const [otherId, other] of this.#members) {
      other.control.send({ type: 'meet', id, key })
      control.send({ type: 'meet', id: otherId, key: other.key })
    }
    this.#members.set(id, { key, control, receiving: new Allowance(SENDERS * BURST, SENDERS * PER_SECOND), sending: new Map() })
  }

  /** Does nothing if the guest has come back with another connection in the meantime. */
  remove (id: string, control: ControlChannel | undefined): void {
    if (control === undefined || this.#members.get(id)?.control !== control) return
    this.#members.delete(id)
    for (const { control, sending } of this.#members.values()) {
      sending.delete(id)
      control.send({ type: 'left', id })
    }
  }

  /** A message that is not passed on ends the conversation that it belongs to, and nothing else. */
  #relay (from: string, control: ControlChannel, value: unknown): void {
    const message = parseSealed(value)
    const sender = this.#members.get(from)
    const receiver = this.#members.get(message.to)
    if (sender?.control !== control || receiver === undefined || sender === receiver) return
    let allowance = sender.sending.get(message.to)
    if (allowance === undefined) sender.sending.set(message.to, allowance = new Allowance(BURST, PER_SECOND))
    const outgoing = { type: 'relay', from, message }
    // What leaves here counts: it may be longer than what came.
    const size = utf8(JSON.stringify(outgoing)).length
    if (size > MAX_VALUE_BYTES || receiver.control.backlog > MAX_BACKLOG) return
    const cost = Math.ceil(size / UNIT)
    if (allowance.take(cost) && receiver.receiving.take(cost)) receiver.control.send(outgoing)
  }
}
