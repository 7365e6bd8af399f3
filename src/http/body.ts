import type { FastifyInstance, FastifyRequest } from 'fastify'
import { decode, messageFromJson, messageFromText, parseJson } from '../box/message.js'
import { MediaTypeError } from '../errors.js'

/** A charset that is not UTF-8 or a part of it, wherever it stands among the parameters. */
const OTHER_CHARSET = /;\s*charset\s*=(?!\s*"?(?:utf-?8|us-ascii)"?\s*(?:;|$))/i

/** Bodies of the box's own parameters: strict JSON. An empty one is no body. */
export function parseParameters (scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  parse(scope, 'application/json', body => body.length === 0 ? undefined : parseJson(decode(body)))
}

/** Bodies that are a message: they become a `NewMessage` and never an object. */
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

/** A body in another charset or a content coding (gzip) would be kept as what it is not. */
function refuseOtherCodings ({ headers }: FastifyRequest): void {
  if (OTHER_CHARSET.test(headers['content-type'] ?? '')) throw new MediaTypeError('text')
  const coding = headers['content-encoding']
  if (coding !== undefined && coding !== '' && coding.toLowerCase() !== 'identity') throw new MediaTypeError('the body without a Content-Encoding')
}
