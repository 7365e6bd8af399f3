import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { ExpectationError, InvalidError } from '../errors.js'
import { dismissed } from '../http/resource.js'

/**
 * Refuses, with a problem as everywhere else, what Node would refuse with an answer of its own or let
 * pass: a request that does not name one host, and expectations that nobody here meets.
 */
export function checkRequestHeads (app: FastifyInstance): void {
  app.server.on('checkExpectation', (request, response) => { app.server.emit('request', request, response) })

  app.addHook('onRequest', (request, reply, done) => {
    const { raw } = request
    if (dismissed(request, reply)) return done()
    if (!namesOneHost(raw)) {
      // Somebody on the way may have taken it for a request to another host, and what follows too.
      reply.header('connection', 'close')
      return done(new InvalidError('it needs exactly one Host header'))
    }
    const { expect } = raw.headers
    done(expect === undefined || expect.toLowerCase() === '100-continue' ? undefined : new ExpectationError())
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
