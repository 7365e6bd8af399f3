/** Makes the calls it reads, one JSON a line, through the generated types; see ../README.md. */
import createClient, { type Client } from 'openapi-fetch'
import type { components, paths } from '../../../generated/typescript/schema.js'
// @ts-expect-error A program without types, shared with the suite.
import { lines } from '../lines.js'

type Json = 'application/json' | 'application/problem+json'
interface Arguments { box?: string, message?: unknown, key?: string, ttl?: number, keep?: number, after?: number, limit?: number, wait?: number, msg?: string }
interface Answer { data?: unknown, error?: components['schemas']['Problem'], response: Response }

function call (name: string, client: Client<paths, Json>, { box = '', message, key, ttl, keep, after, limit, wait, msg }: Arguments): Promise<Answer> {
  const path = { box }
  const settings = { ...(ttl !== undefined && { ttl }), ...(keep !== undefined && { keep }) }
  const body = Object.keys(settings).length === 0 ? {} : { body: settings }
  switch (name) {
    case 'createBox': return client.POST('/boxes', body)
    case 'openBox': return client.PUT('/boxes/{box}', { params: { path }, ...body })
    case 'storeMessage': return client.POST('/boxes/{box}/messages', {
      params: { path, header: key === undefined ? {} : { 'idempotency-key': key } },
      // A message may be any JSON value; the serializer would leave a text as it is.
      body: message as string,
      bodySerializer: JSON.stringify,
      headers: { 'content-type': 'application/json' }
    })
    case 'readMessages': return client.GET('/boxes/{box}/messages', {
      params: { path, query: { ...(after !== undefined && { after }), ...(limit !== undefined && { limit }), ...(wait !== undefined && { wait }) } }
    })
    case 'acknowledge': return client.PUT('/boxes/{box}/cursor', { params: { path }, body: { after: after ?? 0 } })
    case 'drainMessages': return client.DELETE('/boxes/{box}/messages', { params: { path } })
    case 'deleteBox': return client.DELETE('/boxes/{box}', { params: { path } })
    case 'classicBox': return client.GET('/box.php', { params: { query: { ...(box !== '' && { box }), ...(msg !== undefined && { msg }) } } })
    case 'getIceServers': return client.GET('/boxes/{box}/ice-servers', { params: { path } })
    default: throw new Error(`no such call: ${name}`)
  }
}

for await (const line of lines(process.stdin)) {
  const { id, url, call: name, args } = JSON.parse(line)
  void call(name, createClient<paths, Json>({ baseUrl: url }), args).then(
    ({ data, error, response }) => ({ status: response.status, ...(error === undefined ? { answer: data ?? null } : { problem: error }) }),
    (error: unknown) => ({ error: String(error) })
  ).then(result => { console.log(JSON.stringify({ id, ...result })) })
}
