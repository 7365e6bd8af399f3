/** One event of an event stream. */
export interface StreamEvent {
  /** the `event` field, `message` where there is none */
  type: string
  /** the `data` fields, joined by line feeds */
  data: string
  /** the last `id` the stream gave, the empty string before the first */
  id: string
}

/** More than the largest message that a server can be set to take: somebody who streams on and on must not fill the memory. */
const MAX_EVENT = 1e8

/**
 * Turns the bytes of an event stream, cut anywhere, into its events.
 *
 * It interprets them as the WHATWG HTML standard says in "Server-sent events",
 * section 9.2.6 (https://html.spec.whatwg.org/multipage/server-sent-events.html):
 * UTF-8 with an optional byte order mark, lines that end in CR LF, CR or LF, and
 * an event at every empty line. What comes after the last empty line is no event.
 * `retry` is left out: whoever reads with this has waits of its own.
 */
export class EventParser {
  readonly #decoder = new TextDecoder()
  #line = ''
  #endedInCR = false
  #type = ''
  #data = ''
  #id = ''

  /** Takes the next bytes, and gives the events that they complete. */
  push (bytes: Uint8Array): StreamEvent[] {
    let text = this.#decoder.decode(bytes, { stream: true })
    if (text === '') return []
    // A CR ends its line at once, so a LF that follows in the next bytes ends nothing.
    if (this.#endedInCR && text.startsWith('\n')) text = text.slice(1)
    this.#endedInCR = text.endsWith('\r')

    const lines = text.split(/\r\n|\r|\n/)
    lines[0] = this.#line + lines[0]
    this.#line = lines.pop() ?? ''
    if (this.#line.length + this.#data.length > MAX_EVENT) throw new Error('Too large')

    const events: StreamEvent[] = []
    for (const line of lines) {
      if (line !== '') {
        this.#field(line)
        continue
      }
      if (this.#data !== '') events.push({ type: this.#type || 'message', data: this.#data.slice(0, -1), id: this.#id })
      this.#type = this.#data = ''
    }
    return events
  }

  #field (line: string) {
    const [, name, value = ''] = line.match(/^([^:]+)(?:: ?(.*))?/s) ?? []
    if (name === 'data') this.#data += value + '\n'
    else if (name === 'event') this.#type = value
    else if (name === 'id' && !value.includes('\0')) this.#id = value
  }
}
