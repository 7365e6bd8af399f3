import { ResponseTooLargeError } from './http.js'

/** An event of an event stream. */
export interface StreamEvent {
  /** the `event` field; `message` if absent */
  type: string
  /** the `data` fields, joined by line feeds */
  data: string
  /** the most recent `id` of the stream; empty before the first */
  id: string
}

/**
 * Parses the bytes of an event stream, in chunks of any size.
 *
 * It follows the WHATWG HTML standard, "Server-sent events", section 9.2.6
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html): UTF-8 with an optional byte order mark;
 * lines that end in CR LF, CR or LF; an event at every empty line. An incomplete event at the end is
 * discarded. `retry` is ignored: the reader has its own backoff.
 */
export class EventParser {
  readonly #decoder = new TextDecoder()
  #line = ''
  #endedInCR = false
  #type = ''
  #data = ''
  #id = ''

  /** @param maxEvent the longest event accepted, in characters, so that an endless one cannot fill the memory */
  constructor (private readonly maxEvent: number) {}

  /** Takes the next bytes and returns the events they complete. */
  push (bytes: Uint8Array): StreamEvent[] {
    let text = this.#decoder.decode(bytes, { stream: true })
    if (text === '') return []
    // A CR ends its line at once, so an LF at the start of the next chunk belongs to it.
    if (this.#endedInCR && text.startsWith('\n')) text = text.slice(1)
    this.#endedInCR = text.endsWith('\r')

    const lines = text.split(/\r\n|\r|\n/)
    lines[0] = this.#line + lines[0]
    this.#line = lines.pop() ?? ''
    if (this.#line.length + this.#data.length > this.maxEvent) throw new ResponseTooLargeError('An event of the stream', this.maxEvent)

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
