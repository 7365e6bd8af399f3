import type { Test } from 'tap'
import { shareStreams } from '../../../clients/typescript/src/shared/index.js'
import type { Timings } from '../../../clients/typescript/src/retry.js'
import { patience } from '../../helpers/patience.js'
import { json } from '../fake.js'
import { openQuick } from '../serve.js'

export type Answer = (request: Request, count: number) => Response | Promise<Response>

export const linkOf = (n: number) => `http://server.test/boxes/box_${String(n).padStart(32, 'b')}`

/** On a busy machine, a stream may take long to open. */
export const patient = { streamOpenTimeout: patience }

/** Boxes that share a connection to a server that is a function. */
export function fakeBoxes (t: Test, count: number, answer: Answer, timings: Partial<Timings> = {}) {
  const requests: string[] = []
  const fetch = async (input: RequestInfo | URL): Promise<Response> => {
    const request = input as Request
    if (request.method === 'PUT') return json({ type: 'ack', data: 0 })
    const path = new URL(request.url).pathname.replace(/box_b*/, '')
    requests.push(`${request.method} ${path}`)
    const answered = Promise.resolve(answer(request, requests.length - 1))
    return await Promise.race([answered, new Promise<never>((_resolve, reject) => request.signal.addEventListener('abort', () => { reject(request.signal.reason) }))])
  }
  const connection = shareStreams()
  const boxes = Array.from({ length: count }, (_, n) => openQuick(t, linkOf(n + 1), { fetch, timings: { ...patient, ...timings }, connection }))
  return { boxes, requests }
}

export const listOf = async (request: Request): Promise<Array<{ id: string, after: number }>> => (await request.json()).boxes
export const said = (box: number, seq: number, data: unknown = seq) => `data: ${JSON.stringify({ box, seq, data })}\n\n`
export const trouble = (box: number, status: number, code: string) => `event: problem\ndata: ${JSON.stringify({ box, problem: { status, code, detail: `detail of ${code}` } })}\n\n`
