import { setMaxListeners } from 'node:events'
import { Type, type Static } from '@sinclair/typebox'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { parseCapability } from '../../box/capability.js'
import { DropOnlyError, InvalidError, NotFoundError } from '../../errors.js'
import type { ResolvedOptions } from '../../options.js'
import type { Api, Scope } from '../api.js'
import { baseOf } from '../base.js'
import { streamBoxes as writeBoxes, type Followed } from '../box-streams.js'
import { body } from '../contract.js'
import { ask } from '../guard.js'
import { beginStream, holdOpen, STREAM_TYPE } from '../held-response.js'
import { isOutage } from '../outages.js'
import { problemText, translate } from '../problem.js'
import { countedAs } from '../rate-limit.js'
import { cursor, NoQuery } from '../schemas.js'

/** More than the largest entry takes, even if it is spread over several lines. */
const ENTRY_BYTES = 160

/** A malformed id is not refused here: it is a box that is not found, like any unknown one. */
const Entry = Type.Object({
  id: Type.String({ maxLength: 64, description: 'The box id.' }),
  after: Type.Optional(cursor('The cursor: only messages with a higher sequence number are sent. If absent: 0.'))
}, { additionalProperties: false, description: 'A box, and the cursor to start after.' })
type Entry = Static<typeof Entry>

const list = ({ maxStreamBoxes }: ResolvedOptions) => Type.Object({
  boxes: Type.Array(Entry, { minItems: 1, maxItems: maxStreamBoxes, description: 'The boxes. Events name each by its index in this list, from 0.' })
}, { title: 'StreamBoxes', additionalProperties: false, description: 'The boxes whose messages are streamed.' })

const example = {
  boxes: [{ id: 'box_Zm9yIGV4YW1wbGUgb25seSEgMDEyMzQ1', after: 0 }, { id: 'box_YSBzZWNvbmQgZXhhbXBsZSAwMTIzNDU2', after: 7 }]
}

/** What `request.params` has while the guard decides on a box. */
type Params = Record<string, string>

/** The ids are in the body, so the stream answers a POST; it changes nothing. */
export function streamBoxes (scope: Scope, api: Api): void {
  const { service, options, limiter, contract } = api
  scope.post('', {
    schema: contract.operation({
      operationId: 'streamBoxes',
      tags: ['box'],
      summary: 'Stream many boxes',
      description: 'Streams the messages of several boxes over one connection, and leaves them in the boxes. The response is a stream of server-sent events. ' +
        'A message is an event without a name; its data is an object with `box`, the index of the box in the list, `seq`, the sequence number, and `data`, the message. ' +
        'Events have no `id`: a reader keeps a cursor for each box, and sends its list again to resume. ' +
        'If a box cannot be read, or is gone, `event: problem` says why: its data has `box` and `problem`, a problem document as for a single box. The other boxes go on. ' +
        'The stream ends when no box is left. Each box counts as a read for the rate limit, and as a stream on that box; all of them together are one stream of the client address.',
      querystring: NoQuery,
      body: body(list(options), example),
      response: {
        200: contract.response('The messages of each box, oldest first, and the problems of those that cannot be read.', {
          content: {
            [STREAM_TYPE]: {
              schema: Type.Unknown({ description: 'Server-sent events, one per message and one per problem.' }),
              example: 'data: {"box":0,"seq":1,"data":{"type":"offer","sdp":"v=0…"}}\n\n' +
                'event: problem\ndata: {"box":1,"problem":{"type":"/problems/not-found","title":"Box not found","status":404,"detail":"…","code":"BOX_ERR_NOT_FOUND"}}\n\n'
            }
          }
        }),
        ...contract.problems(400, 413, 415, 503)
      }
    }),
    bodyLimit: 1024 + ENTRY_BYTES * options.maxStreamBoxes,
    onRequest: countedAs(limiter, 'reads'),
    // Without a media type, Fastify finds no schema to check the body against.
    preValidation: async request => { if (request.body === undefined) throw new InvalidError('the body must be the list of boxes, as application/json') }
  }, async (request, reply) => {
    const { boxes } = request.body
    // The request itself has counted as one.
    if (boxes.length > 1) await limiter.count('reads', request, reply, boxes.length - 1)
    const refusals = await refusalsOf(boxes, request, reply)
    if (refusals === undefined) return reply
    const { response, ended, leave } = holdOpen(request, reply, api)
    // Each waiter listens.
    setMaxListeners(0, ended)
    const followed = boxes.map(({ id, after = 0 }, index): Followed => ({
      after,
      open: async () => {
        const refusal = refusals[index]
        if (refusal !== undefined) throw refusal
        return await service.waiters.open(dropOf(id), ended)
      }
    }))
    try {
      beginStream(reply)
      await writeBoxes(response, followed, { heartbeat: options.heartbeat * 1000, problemOf: error => problemOf(error, request) })
    } finally {
      leave()
    }
    return reply
  })

  /**
   * Asks the host's guard about each box, one after the other, with the box id where other operations have it.
   * @returns what it has refused each box with, if it has; undefined if it has responded itself
   */
  async function refusalsOf (boxes: Entry[], request: FastifyRequest, reply: FastifyReply): Promise<unknown[] | undefined> {
    const { guard } = options
    const refusals: unknown[] = Array(boxes.length)
    if (guard === undefined) return refusals
    const params = request.params as Params
    for (const [index, { id }] of boxes.entries()) {
      // What names no box of the caller is refused anyway, as elsewhere without asking.
      if (parseCapability(id)?.owner !== true) continue
      request.params = { ...params, box: id }
      try {
        if (await ask(guard, request, reply, 'streamBoxes')) return undefined
      } catch (error) {
        refusals[index] = error
      } finally {
        request.params = params
      }
    }
    return refusals
  }
}

/** @throws NotFoundError or DropOnlyError, as for other operations on a box */
function dropOf (id: string): string {
  const capability = parseCapability(id)
  if (capability === undefined) throw new NotFoundError()
  if (!capability.owner) throw new DropOnlyError()
  return capability.drop
}

function problemOf (thrown: unknown, request: FastifyRequest): string {
  const error = translate(thrown as FastifyError, request)
  if ((error.statusCode ?? 500) >= 500 && !isOutage(error)) request.log.error({ err: thrown }, 'A stream ended early for one of its boxes')
  return problemText(error, baseOf(request))
}
