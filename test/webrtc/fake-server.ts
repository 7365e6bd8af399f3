import { dropAddressOf } from '../../clients/typescript/src/address.js'
import { toBase64url, randomBytes } from '../../clients/typescript/src/bytes.js'
import type { SealedMessage } from '../../clients/typescript/src/webrtc/sealing.js'

interface FakeBox { drop: string, messages: string[], seen: number, readers: Set<ReadableStreamDefaultController<Uint8Array>> }

const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } })
const gone = () => json({ type: 'about:blank', title: '', status: 404, code: 'BOX_ERR_NOT_FOUND' }, 404)
const event = (text: string, seq: number) => new TextEncoder().encode(`id: ${seq}\ndata: ${text}\n\n`)

/** Boxes in memory behind a `fetch`: a server that its owner can do with as he likes, thousands of times a second. */
export class FakeServer {
  readonly url = 'http://server.test'
  readonly #boxes = new Map<string, FakeBox>()

  /** @param take is given what is stored, and says whether it is kept from the box */
  constructor (private readonly take: (to: string, message: SealedMessage) => boolean = () => false) {}

  readonly fetch = async (input: RequestInfo | URL): Promise<Response> => {
    const request = input as Request
    const [, , id = '', what] = new URL(request.url).pathname.split('/')
    if (id === '') return await this.#create()
    const box = this.#boxes.get(id)
    if (request.method === 'POST') {
      const text = await request.text()
      if (!this.take(box?.drop ?? id, JSON.parse(text))) {
        if (box === undefined) return gone()
        this.#store(box, text)
      }
      return json({ type: 'ack', data: 1, seq: box?.messages.length ?? 1 })
    }
    if (box === undefined) return gone()
    if (request.method === 'PUT') {
      box.seen = (await request.json()).after
      return json({ type: 'ack', data: box.messages.length - box.seen })
    }
    if (request.method === 'GET') return what === 'messages' ? this.#stream(box) : gone()
    this.#boxes.delete(box.drop)
    this.#boxes.delete(id)
    for (const reader of box.readers) reader.close()
    return new Response(null, { status: 204 })
  }

  /** Stores what the server likes. */
  put (drop: string, message: SealedMessage): void {
    const box = this.#boxes.get(drop)
    if (box !== undefined) this.#store(box, JSON.stringify(message))
  }

  /** Forgets every box, as after a restart without a disk. */
  forget (): void {
    const readers = [...this.#boxes.values()].flatMap(({ readers }) => [...readers])
    this.#boxes.clear()
    for (const reader of new Set(readers)) reader.close()
  }

  async #create (): Promise<Response> {
    const id = `box_${toBase64url(randomBytes(24))}`
    const drop = await dropAddressOf(id)
    const box: FakeBox = { drop, messages: [], seen: 0, readers: new Set() }
    this.#boxes.set(id, box)
    this.#boxes.set(drop, box)
    return json({ type: 'created', data: id, drop, expires: '2100-01-01T00:00:00Z' }, 201)
  }

  #store (box: FakeBox, text: string) {
    const seq = box.messages.push(text)
    for (const reader of box.readers) reader.enqueue(event(text, seq))
  }

  #stream (box: FakeBox): Response {
    let own: ReadableStreamDefaultController<Uint8Array> | undefined
    return new Response(new ReadableStream<Uint8Array>({
      start: controller => {
        own = controller
        box.readers.add(controller)
        for (const [index, text] of box.messages.entries()) if (index >= box.seen) controller.enqueue(event(text, index + 1))
      },
      cancel: () => { box.readers.delete(own!) }
    }), { headers: { 'Content-Type': 'text/event-stream' } })
  }
}

const operations = ['encrypt', 'decrypt', 'digest', 'deriveBits', 'deriveKey', 'importKey'] as const
let working = 0
for (const name of operations) {
  const work = crypto.subtle[name] as (...args: unknown[]) => Promise<unknown>
  Object.defineProperty(crypto.subtle, name, {
    value: async (...args: unknown[]) => {
      working++
      try {
        return await work.apply(crypto.subtle, args)
      } finally {
        working--
      }
    }
  })
}

/** Resolves when nothing happens any more: around this server, only the encryption takes longer than a turn. */
export async function quiet (): Promise<void> {
  for (let turns = 0; turns < 4; turns = working === 0 ? turns + 1 : 0) await new Promise(resolve => { setImmediate(resolve) })
}
