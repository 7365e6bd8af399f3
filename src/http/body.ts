import type { FastifyInstance, FastifyRequest } from 'fastify'
import { decode, messageFromJson, messageFromText, parseJson } from '../box/message.js'
import { MediaTypeError } from '../errors.js'

const CHARSET = /;\s*charset\s*=\s*"?([^;"\s]*)/i
const UTF8 = new Set(['utf-8', 'utf8', 'us-ascii'])

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
      refuseOtherCharsets(request)
      value = read(body)
    } catch (error) {
      return done(error as Error)
    }
    done(null, value)
  })
}

function refuseOtherCharsets (request: FastifyRequest): void {
  const charset = CHARSET.exec(request.headers['content-type'] ?? '')?.[1]
  if (charset !== undefined && !UTF8.has(charset.toLowerCase())) throw new MediaTypeError('text')
}
