import { createServer, request } from 'node:http'
import { once } from 'node:events'

const same = answer => answer

/** What a server that breaks the contract does to its good answers, and what it only says to have done. */
export const tamperings = {
  'wrong status': { change: answer => ({ ...answer, status: answer.status === 201 ? 200 : 202 }) },
  'missing member': { change: answer => ({ ...answer, body: without(answer.body, ['drop', 'seq', 'next']) }) },
  'coerced value': { change: answer => ({ ...answer, body: coerced(answer.body, ['seq', 'next', 'expires']) }) },
  'deleted, but still there': { pretends: ({ method, url }) => method === 'DELETE' && /^\/boxes\/box_[\w-]{32}$/.test(url) }
}

/**
 * A server in front of another that tampers with its good JSON answers.
 * @returns {Promise<{ url: string, stop: () => Promise<void> }>}
 */
export async function tamper (target, name) {
  const { change = same, pretends = () => false } = tamperings[name]
  const server = createServer((incoming, outgoing) => {
    if (pretends(incoming)) {
      outgoing.writeHead(204).end()
      return
    }
    const forwarded = request(target + incoming.url, { method: incoming.method, headers: incoming.headers }, async response => {
      const chunks = await response.toArray()
      const text = Buffer.concat(chunks).toString()
      const good = response.statusCode < 300 && /^application\/json/.test(response.headers['content-type'])
      const { status, body } = good
        ? change({ status: response.statusCode, body: JSON.parse(text) })
        : { status: response.statusCode, body: undefined }
      const { 'content-length': _, ...headers } = response.headers
      outgoing.writeHead(status, headers).end(good ? JSON.stringify(body) : text)
    })
    forwarded.on('error', () => { outgoing.destroy() })
    incoming.pipe(forwarded)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    async stop () {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    }
  }
}

function without (body, names) {
  return Object.fromEntries(Object.entries(body).filter(([name]) => !names.includes(name)))
}

/** Numbers as texts and texts as numbers: what a coercing serializer or a sloppy gateway makes of them. */
function coerced (body, names) {
  return Object.fromEntries(Object.entries(body).map(([name, value]) =>
    [name, !names.includes(name) ? value : typeof value === 'number' ? String(value) : Date.parse(value)]))
}
