import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { ExpectationError, InvalidError } from '../errors.js'
import { dismissed } from '../http/resource.js'

/**
 * Refuses, with a problem document, what Node would refuse with a response of its own or let pass: a request
 * that does not name exactly one host, and expectations that are not supported.
 * @param headers of each refusal, besides its own
 */
export function checkRequestHeads (app: FastifyInstance, headers: Record<string, string>): void {
  app.server.on('checkExpectation', (request, response) => { app.server.emit('request', request, response) })

  app.addHook('onRequest', (request, reply, done) => {
    const { raw } = request
    if (dismissed(request, reply)) return done()
    if (raw.httpVersionMajor === 1 && !namesOneHost(raw)) {
      // A proxy may have taken this and what follows for requests to another host.
      reply.headers(headers).header('connection', 'close')
      return done(new InvalidError('send exactly one Host header'))
    }
    const { expect } = raw.headers
    if (expect === undefined || expect.toLowerCase() === '100-continue') return done()
    reply.headers(headers)
    done(new ExpectationError())
  })
}

function namesOneHost ({ httpVersionMinor, rawHeaders }: IncomingMessage): boolean {
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++
  }
  return hosts === 1 || (hosts === 0 && httpVersionMinor === 0)
}
