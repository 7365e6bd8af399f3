import http, { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { boxAt, randomOf, SLOTS, type History, type Input, type Operation, type Output } from './history.js'

export interface Served {
  name: string
  url: string
}

export interface Load {
  seed: string
  servers: Served[]
  /** in seconds; of the boxes that are made */
  ttl: number
  keep: number
}

/** After how long a client hears no more of a request, in ms. */
const PATIENCE = 3_000

/** How long a client waits after it got no answer, in ms. */
const DOWN = 400

/** The largest pause between two operations, in ms. */
const PAUSE = 5

/** One client: does what comes to it by its seed, one operation after the other, and notes what it saw. */
export class RandomClient {
  readonly #name: string
  readonly #load: Load
  readonly #history: History
  readonly #random: () => number
  readonly #agent = new Agent({ keepAlive: true })
  /** the last cursor seen in a box */
  readonly #cursors = new Map<string, number>()
  /** boxes with ids of the server */
  readonly #own: string[] = []
  #count = 0

  constructor (name: string, load: Load, history: History) {
    this.#name = name
    this.#load = load
    this.#history = history
    this.#random = randomOf(`${load.seed}/${name}`)
  }

  async run (over: () => boolean): Promise<void> {
    while (!over()) {
      const slot = this.#below(SLOTS)
      for (let left = 1 + this.#below(6); left > 0 && !over(); left--) {
        const own = this.#own.at(-1)
        const box = own !== undefined && this.#random() < 0.1 ? own : boxAt(this.#load.seed, slot, this.#history.now())
        await this.#doOne(box)
        await sleep(this.#random() * PAUSE)
      }
    }
    this.#agent.destroy()
  }

  async #doOne (box: string): Promise<void> {
    const chance = this.#random() * 100
    const cursor = this.#cursors.get(box) ?? 0
    if (chance < 2) return await this.#create()
    if (chance < 12 || !this.#cursors.has(box)) {
      this.#cursors.set(box, cursor)
      const keep = this.#random() < 0.4 ? { keep: this.#load.keep } : {}
      const settings = { ttl: this.#load.ttl, ...keep }
      await this.#do('open', box, settings, 'PUT', '', settings)
    } else if (chance < 50) {
      await this.#store(box)
    } else if (chance < 78) {
      const after = this.#random() < 0.6 ? cursor : this.#below(cursor + 2)
      const limit = this.#random() < 0.8 ? 100 : 1 + this.#below(3)
      const out = await this.#do('read', box, { after, limit }, 'GET', `/messages?after=${after}&limit=${limit}`)
      if (out?.next !== undefined) this.#cursors.set(box, out.next)
      else if (out?.code === 'BOX_ERR_CURSOR') this.#cursors.set(box, 0)
    } else if (chance < 90) {
      const after = this.#random() < 0.7 ? Math.max(0, cursor - this.#below(3)) : this.#below(cursor + 3)
      await this.#do('acknowledge', box, { after }, 'PUT', '/cursor', { after })
    } else if (chance < 97) {
      await this.#do('drain', box, {}, 'DELETE', '/messages')
    } else {
      await this.#do('delete', box, {}, 'DELETE', '')
    }
  }

  /** Keys are few, so that several clients use the same one; its message is the same for all, but for a few. */
  async #store (box: string): Promise<void> {
    if (this.#random() < 0.5) {
      const value = `${this.#name}.${++this.#count}`
      await this.#do('store', box, { value }, 'POST', '/messages', value)
      return
    }
    const key = `k${this.#below(24)}`
    const value = this.#random() < 0.95 ? key : `other ${key}`
    await this.#do('store', box, { value, key }, 'POST', '/messages', value, { 'idempotency-key': key })
  }

  async #create (): Promise<void> {
    const server = this.#server()
    const input: Input = { ttl: this.#load.ttl }
    const call = this.#history.now()
    const answer = await this.#ask(server, 'POST', '/boxes', input)
    // Without an answer, nobody knows the box.
    if (answer?.status !== 201) return
    const box = answer.body.data as string
    this.#cursors.set(box, 0)
    this.#own.push(box)
    this.#history.note({ op: 'create', client: this.#name, server: server.name, box, call, return: this.#history.now(), in: input, out: { status: 201 } })
  }

  async #do (op: Operation, box: string, input: Input, method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Output | null> {
    const server = this.#server()
    const call = this.#history.now()
    const answer = await this.#ask(server, method, `/boxes/${box}${path}`, body, headers)
    // Nothing was sent.
    if (answer === undefined) return null
    const out = answer === null ? null : seen(op, answer)
    this.#history.note({ op, client: this.#name, server: server.name, box, call, return: this.#history.now(), in: input, out })
    // While something is down, there is little to learn from more of the same.
    if (out === null) await sleep(DOWN)
    return out
  }

  /** @returns null if no answer came, and undefined if there was no server to connect to */
  async #ask (server: Served, method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer | null | undefined> {
    const text = body === undefined ? '' : JSON.stringify(body)
    const type = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
    try {
      return await new Promise<Answer>((resolve, reject) => {
        const request = http.request(server.url + path, { method, agent: this.#agent, headers: { ...type, ...headers }, signal: AbortSignal.timeout(PATIENCE) }, response => {
          let answer = ''
          response.setEncoding('utf8').on('data', chunk => { answer += chunk }).on('error', reject)
          response.on('end', () => {
            if (response.complete) resolve({ status: response.statusCode ?? 0, body: answer === '' ? {} : JSON.parse(answer) })
            else reject(new Error('cut off'))
          })
        })
        request.on('error', reject)
        request.end(text)
      })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') return null
      await sleep(20)
      return undefined
    }
  }

  #server (): Served {
    return this.#load.servers[this.#below(this.#load.servers.length)] as Served
  }

  #below (bound: number): number {
    return Math.floor(this.#random() * bound)
  }
}

interface Answer {
  status: number
  body: any
}

/** What an answer says of the box; null if it says that the server does not know either. */
function seen (op: Operation, { status, body }: Answer): Output | null {
  if (status >= 500) return null
  if (status >= 400) return { status, code: body.code }
  if (op === 'store') return { status, seq: body.seq, count: body.data }
  if (op === 'acknowledge') return { status, count: body.data }
  if (op === 'read' || op === 'drain') return { status, data: body.data, next: body.next }
  return { status }
}
