import http, { type ClientRequest, type IncomingMessage } from 'node:http'
import type { Test } from 'tap'
import { memoryStore } from '../../src/store/memory.js'
import type { Store } from '../../src/store/store.js'

export interface StreamEvent {
  id?: string
  event?: string
  data: string
}

/** A parser of its own, as the HTML standard says it for a whole text: what the formatter is checked against. */
export function parseEvents (text: string): StreamEvent[] {
  const events: StreamEvent[] = []
  for (const block of text.split(/\r\n\r\n|\n\n|\r\r/).slice(0, -1)) {
    const fields = block.split(/\r\n|\n|\r/).filter(line => !line.startsWith(':')).map(line => {
      const [, name = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
      return [name, value] as const
    })
    const last = (name: string) => fields.findLast(field => field[0] === name)?.[1]
    const data = fields.filter(([name]) => name === 'data')
    if (data.length === 0) continue
    const [id, event] = [last('id'), last('event')]
    events.push({ ...(id === undefined ? {} : { id }), ...(event === undefined ? {} : { event }), data: data.map(([, value]) => value).join('\n') })
  }
  return events
}

/** A reader of one answer, from a socket of its own. */
export class StreamReader {
  readonly response: IncomingMessage
  readonly #request: ClientRequest
  #text = ''
  #wake: () => void = () => {}
  ended = false

  constructor (request: ClientRequest, response: IncomingMessage) {
    this.#request = request
    this.response = response
    response.setEncoding('utf8')
    response.on('data', (chunk: string) => { this.#text += chunk; this.#wake() })
    response.on('error', () => {})
    response.on('close', () => { this.ended = true; this.#wake() })
  }

  get text (): string { return this.#text }
  get events (): StreamEvent[] { return parseEvents(this.#text) }

  /** Resolves once the text or the end is as asked for. */
  async until (reached: (reader: this) => boolean): Promise<this> {
    while (!reached(this)) {
      if (this.ended) throw new Error(`The stream ended before: ${this.#text.slice(-200)}`)
      await new Promise<void>(resolve => { this.#wake = resolve })
    }
    return this
  }

  async untilEnd (): Promise<this> {
    while (!this.ended) await new Promise<void>(resolve => { this.#wake = resolve })
    return this
  }

  leave (): void {
    this.#request.destroy()
  }
}

/** Opens a stream, or whatever the server answers to the asking. */
export async function openStream (t: Test, url: string, headers: Record<string, string> = {}): Promise<StreamReader> {
  return await begin(t, http.get(url, { agent: false, headers: { accept: 'text/event-stream', ...headers } }))
}

/** Opens one stream for several boxes. */
export async function openBoxStream (t: Test, origin: string, boxes: Array<{ id: string, after?: number }>, headers: Record<string, string> = {}): Promise<StreamReader> {
  const request = http.request(`${origin}/streams`, { method: 'POST', agent: false, headers: { 'content-type': 'application/json', ...headers } })
  request.end(JSON.stringify({ boxes: boxes.map(({ id, after }) => ({ id, ...(after !== undefined && { after }) })) }))
  return await begin(t, request)
}

async function begin (t: Test, request: ClientRequest): Promise<StreamReader> {
  t.teardown(() => { request.destroy() })
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.on('response', resolve)
    request.on('error', reject)
  })
  return new StreamReader(request, response)
}

/** A memory store that tells how many subscriptions are open. */
export function watchedStore () {
  const store: Store = memoryStore()
  const watch = {
    store,
    open: 0,
    total: 0,
    /** resolves when as many subscriptions are open */
    async until (open: number): Promise<void> {
      while (watch.open !== open) await new Promise(resolve => setTimeout(resolve, 1))
    }
  }
  const subscribe = store.subscribe.bind(store)
  store.subscribe = async (drop, listener) => {
    const unsubscribe = await subscribe(drop, listener)
    watch.open++
    watch.total++
    let done = false
    return () => {
      unsubscribe()
      if (!done) watch.open--
      done = true
    }
  }
  return watch
}
