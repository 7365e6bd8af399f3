import http, { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { ServerProcess, temporaryDirectory } from '../helpers/server-process.js'
import { addDamage, keyOf, Known } from './kill-protocol.js'

const ROUNDS = 30
const WRITERS = 16
const BOXES = 6
const FLAGS = ['--host=127.0.0.1', '--rate-limit=off', '--log-level=info', '--max-messages=1000000', `--max-box-bytes=${1 << 30}`]

// Thirty starts take their time where other tests run beside them.
t.setTimeout(240_000)

/** What a client sees of one server until that is gone. */
class Client {
  readonly #url: string
  readonly #agent = new Agent({ keepAlive: true })

  constructor (url: string) {
    this.#url = url
  }

  /** The JSON of a 2xx. @throws Error where no answer came, or another one */
  ask (method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<any> {
    return new Promise((resolve, reject) => {
      const text = body === undefined ? '' : JSON.stringify(body)
      const type = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
      const request = http.request(this.#url + path, { method, agent: this.#agent, headers: { ...type, ...headers } }, response => {
        let answer = ''
        response.setEncoding('utf8').on('data', chunk => { answer += chunk }).on('error', reject)
        response.on('end', () => {
          if ((response.statusCode ?? 500) < 300) resolve(JSON.parse(answer))
          else reject(new Refused(`${response.statusCode} ${answer}`))
        })
      })
      request.on('error', reject)
      request.end(text)
    })
  }

  async put (box: string, known: Known, text: string): Promise<void> {
    const key = keyOf(text)
    known.note({ event: 'sent', drop: box, text })
    const { seq } = await this.ask('POST', `/boxes/${box}/messages`, text, key === undefined ? {} : { 'idempotency-key': key })
    known.note({ event: 'stored', drop: box, text, seq })
  }

  async readAll (box: string): Promise<{ texts: string[], next: number }> {
    const texts: string[] = []
    for (let after = 0; ;) {
      const { data, next } = await this.ask('GET', `/boxes/${box}/messages?limit=1000&after=${after}`)
      if (data.length === 0) return { texts, next }
      texts.push(...data)
      after = next
    }
  }

  close (): void {
    this.#agent.destroy()
  }
}

/** The server is there and said no, which none of this should bring about. */
class Refused extends Error {}

t.test('a message survives SIGKILL and a restart', async t => {
  const flags = [`--store=lmdb:${await temporaryDirectory(t)}`]
  const first = await ServerProcess.start(t, flags)
  const client = new Client(first.url)
  const { data: box, drop } = await client.ask('POST', '/boxes')
  await client.ask('POST', `/boxes/${drop}/messages`, { type: 'offer', sdp: 'v=0\r\n' })
  t.equal((await first.kill('SIGKILL')).signal, 'SIGKILL')
  client.close()

  const again = new Client((await ServerProcess.start(t, flags)).url)
  t.same(await again.ask('POST', `/boxes/${drop}/messages`, 2), { type: 'ack', data: 2, seq: 2 })
  t.same(await again.ask('GET', `/boxes/${box}/messages`), { type: 'msgs', data: [{ type: 'offer', sdp: 'v=0\r\n' }, 2], next: 2 })
  again.close()
})

t.test(`${ROUNDS} SIGKILLs under ${WRITERS} writers over HTTP: no message is lost, restored or duplicated`, async t => {
  const flags = [...FLAGS, `--store=lmdb:${await temporaryDirectory(t)}`]
  const boxes = new Map<string, Known>()
  const damage = { lost: 0, back: 0, doubled: 0, misnumbered: 0 }
  const refusals: string[] = []

  for (let round = 0; round <= ROUNDS; round++) {
    const server = await ServerProcess.start(t, flags)
    const client = new Client(server.url)
    while (boxes.size < BOXES) boxes.set((await client.ask('POST', '/boxes')).data, new Known())
    for (const [box, known] of boxes) {
      const { texts, next } = await client.readAll(box)
      addDamage(damage, known.compare(texts, next))
      for (const text of [...known.unanswered].filter(keyOf)) await client.put(box, known, text)
    }
    if (round < ROUNDS) {
      const work = load(client, [...boxes], round).map(job => job.catch((error: unknown) => {
        if (error instanceof Refused) refusals.push(error.message)
      }))
      await sleep(30 + Math.random() * 200)
      await server.kill('SIGKILL')
      await Promise.all(work)
    } else {
      t.equal((await server.kill()).code, 0)
    }
    client.close()
  }

  const all = [...boxes.values()]
  const stored = all.reduce((sum, { stored }) => sum + stored.size, 0)
  const taken = all.reduce((sum, { taken }) => sum + taken.size, 0)
  t.comment({ stored, taken, ...damage })
  t.strictSame(damage, { lost: 0, back: 0, doubled: 0, misnumbered: 0 })
  t.same(refusals, [], 'and nothing was refused')
  t.ok(stored > ROUNDS * 10 && taken > ROUNDS * 2, 'there was a load')
})

/** Sixteen writers, and a reader for most boxes, until the server is gone. */
function load (client: Client, boxes: Array<[box: string, known: Known]>, round: number): Array<Promise<never>> {
  const forever = async (turn: (n: number) => Promise<void>): Promise<never> => {
    for (let n = 0; ; n++) await turn(n)
  }
  const writers = Array.from({ length: WRITERS }, (_, writer) => {
    const [box, known] = boxes[writer % boxes.length] as [string, Known]
    return forever(n => client.put(box, known, `${round}.${writer}.${n} ${'x'.repeat((n * 97) % 3000)}`))
  })
  const readers = boxes.flatMap(([box, known], i) => {
    let after = 0
    if (i % 3 === 1) {
      return forever(async () => {
        const { data: texts, next } = await client.ask('GET', `/boxes/${box}/messages?limit=20&after=${after}`)
        known.note({ event: 'read', drop: box, texts })
        await client.ask('PUT', `/boxes/${box}/cursor`, { after: next })
        known.note({ event: 'acknowledged', drop: box, texts })
        after = next
      })
    }
    if (i % 3 === 2) {
      return forever(async () => {
        known.note({ event: 'draining', drop: box })
        const { data: texts } = await client.ask('DELETE', `/boxes/${box}/messages`)
        known.note({ event: 'drained', drop: box, texts })
      })
    }
    return []
  })
  return [...writers, ...readers]
}
