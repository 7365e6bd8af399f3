import type { FastifyInstance, FastifyRequest } from 'fastify'
import { decode, messageFromJson, messageFromText, parseJson } from '../box/message.js'
import { MediaTypeError } from '../errors.js'

/** A charset other than UTF-8 or its subset US-ASCII, anywhere among the parameters. */
const OTHER_CHARSET = /;\s*charset\s*=(?!\s*"?(?:utf-?8|us-ascii)"?\s*(?:;|$))/i

/** The bytes of a body of parameters, also where an operation takes none and a body is only checked to be JSON. */
const MAX_PARAMETERS = 1024

/** Parses the parameters of an operation: strict JSON. An empty body counts as absent. */
export function parseParameters (scope: FastifyInstance): void {
  scope.addHook('onRoute', route => { route.bodyLimit ??= MAX_PARAMETERS })
  scope.removeAllContentTypeParsers()
  parse(scope, 'application/json', body => body.length === 0 ? undefined : parseJson(decode(body)))
}

/** For operations whose parameters are all optional: without a body, none is given. */
export function allowNoBody (request: FastifyRequest, _reply: unknown, done: () => void): void {
  if (request.body === undefined) request.body = {}
  done()
}

/** Parses messages: a body becomes a `NewMessage`, never an object. */
export function parseMessages (scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  parse(scope, 'application/json', messageFromJson)
  parse(scope, 'text/plain', messageFromText)
}

function parse (scope: FastifyInstance, type: string, read: (body: Buffer) => unknown): void {
  scope.addContentTypeParser(type, { parseAs: 'buffer' }, (request: FastifyRequest, body: Buffer, done: (error: Error | null, body?: unknown) => void) => {
    let value
    try {
      refuseOtherCodings(request)
      value = read(body)
    } catch (error) {
      return done(error as Error)
    }
    done(null, value)
  })
}

/** A body in another charset or with a content coding (gzip) would be stored as something it is not. */
function refuseOtherCodings ({ headers }: FastifyRequest): void {
  if (OTHER_CHARSET.test(headers['content-type'] ?? '')) throw new MediaTypeError('the body')
  const coding = headers['content-encoding']
  if (coding !== undefined && coding !== '' && coding.toLowerCase() !== 'identity') throw new MediaTypeError('the body without a Content-Encoding and')
}
