import { Type, type TSchema } from '@sinclair/typebox'
import type { ResolvedOptions } from '../options.js'
import {
  Ack, AcknowledgeBody, BoxParams, ClassicAnswer, ClassicQuery, Created, CursorAck, IceServers, Message, Msgs, NoQuery, OwnerParams,
  Problem, ReadHeaders, ReadQuery, StoreHeaders, createBoxBody
} from './schemas.js'

/** How each operation appears in the contract, and what its input is checked against. */
export function operations (options: ResolvedOptions) {
  const limits = options.rateLimit === false ? [] : [429]
  return {
    createBox: {
      operationId: 'createBox',
      tags: ['box'],
      summary: 'Create a box',
      description: 'Makes an empty box. Keep its id, and pass its drop address to the other party, who can store in the box and nothing else.',
      querystring: NoQuery,
      body: body({ 'application/json': [createBoxBody(options.ttl, options.maxTtl), { ttl: 3600 }] }),
      response: {
        201: answer('The box was made.', Created, {
          type: 'created', data: BOX, drop: DROP, expires: '2026-11-22T12:00:00.000Z'
        }, { Location: 'The address of the box.', ...rateHeaders(limits) }),
        ...problems(400, 413, 415, ...limits, 503, 507)
      }
    },
    storeMessage: {
      operationId: 'storeMessage',
      tags: ['box'],
      summary: 'Store a message',
      description: 'Puts one message into the box: any JSON value. Say so by `Content-Type: application/json`: a body sent as `text/plain`, ' +
        'as `fetch` sends a string where nothing else is said, is a text, and is kept as a JSON string. ' +
        'A 2xx means that it is kept as safely as the server\'s store promises. A full box refuses; it drops nothing.',
      params: BoxParams,
      querystring: NoQuery,
      headers: StoreHeaders,
      // One media type, though texts are taken too: clients generated from two of them name none, and store an object as a text.
      body: body({ 'application/json': [Message, { type: 'offer', sdp: 'v=0…' }] }),
      response: {
        200: answer('The message is in the box.', Ack, { type: 'ack', data: 1, seq: 1 }, rateHeaders(limits)),
        ...problems(400, 404, 409, 413, 415, 422, ...limits, 503, 507)
      }
    },
    readMessages: {
      operationId: 'readMessages',
      tags: ['box'],
      summary: 'Read messages',
      description: 'Looks at the messages after a cursor without taking them. With `wait` the answer is held until there is a message. ' +
        'With `Accept: text/event-stream` the messages come as a stream of server-sent events whose `id` is the sequence number; ' +
        '`event: gone` says that the box went. Swagger UI waits for the end of a stream before it shows anything: try that with another client, like `curl -N`.',
      params: OwnerParams,
      querystring: ReadQuery,
      headers: ReadHeaders,
      response: {
        200: {
          description: 'The messages, oldest first.',
          headers: headers(rateHeaders(limits)),
          content: {
            'application/json': { schema: Msgs, example: { type: 'msgs', data: [{ type: 'offer', sdp: 'v=0…' }], next: 1 } },
            'text/event-stream': {
              schema: Type.String({ description: 'Server-sent events, one per message.' }),
              example: 'id: 1\ndata: {"type":"offer","sdp":"v=0…"}\n\n'
            }
          }
        },
        ...problems(400, 403, 404, 406, 409, ...limits, 503)
      }
    },
    acknowledge: {
      operationId: 'acknowledge',
      tags: ['box'],
      summary: 'Acknowledge messages',
      description: 'Forgets the messages up to and including the cursor. Repeating it changes nothing.',
      params: OwnerParams,
      querystring: NoQuery,
      body: body({ 'application/json': [AcknowledgeBody, { after: 1 }] }),
      response: {
        200: answer('The messages up to the cursor are forgotten.', CursorAck, { type: 'ack', data: 0 }, rateHeaders(limits)),
        ...problems(400, 403, 404, 409, 413, 415, ...limits, 503)
      }
    },
    drainMessages: {
      operationId: 'drainMessages',
      tags: ['box'],
      summary: 'Drain the box',
      description: 'Takes everything out in one atomic step. Where the answer may get lost on its way, read and acknowledge instead.',
      params: OwnerParams,
      querystring: NoQuery,
      response: {
        200: answer('Everything that was in the box.', Msgs, { type: 'msgs', data: ['Hello'], next: 1 }, rateHeaders(limits)),
        ...problems(400, 403, 404, 413, 415, ...limits, 503)
      }
    },
    deleteBox: {
      operationId: 'deleteBox',
      tags: ['box'],
      summary: 'Delete the box',
      description: 'Removes the box with its messages. Its id and its drop address are never valid again.',
      params: OwnerParams,
      querystring: NoQuery,
      response: {
        204: { type: 'null', description: 'The box is gone.', headers: headers(rateHeaders(limits)) },
        ...problems(400, 403, 404, 413, 415, ...limits, 503)
      }
    },
    classicBox: {
      operationId: 'classicBox',
      tags: ['classic'],
      summary: 'The classic API: create, store or drain by query',
      description: 'The API of the original script. Without `box`: create. With `box` and `msg`: store the text. With `box` only: drain. ' +
        'It changes things by GET, so HEAD and prefetches are refused; use the other operations where you can.',
      querystring: ClassicQuery,
      response: {
        200: answer('The envelope of the original script.', ClassicAnswer, {
          type: 'created', data: BOX, drop: DROP, expires: '2026-11-22T12:00:00.000Z'
        }, rateHeaders(limits)),
        ...problems(400, 403, 404, 409, 413, ...limits, 503, 507)
      }
    },
    getIceServers: {
      operationId: 'getIceServers',
      tags: ['webrtc'],
      summary: 'ICE servers',
      description: 'The STUN and TURN servers this server recommends to those who use this box, with credentials that end by themselves.',
      params: BoxParams,
      querystring: NoQuery,
      response: {
        200: answer('The ICE servers; none where the server has none to recommend.', IceServers, {
          iceServers: [{ urls: ['stun:stun.example.org'] }], ttl: 3600
        }, rateHeaders(limits)),
        ...problems(400, 404, ...limits, 503)
      }
    }
  }
}

const BOX = 'box_Zm9yIGV4YW1wbGUgb25seSEgMDEyMzQ1'
const DROP = 'drop_ZXhhbXBsZSBkcm9wIGFkZHJlc3MgMDEy'

const PROBLEMS: Record<number, string> = {
  400: 'A parameter or the body is outside its schema.',
  403: 'A drop address was given where the box id is needed, or a prefetch was refused.',
  404: 'No such box: malformed, unknown, expired and deleted boxes all look the same.',
  406: 'Neither JSON nor an event stream is accepted.',
  409: 'The box is full, or the cursor is ahead of the box.',
  413: 'The body is too large.',
  415: 'The media type is not supported.',
  422: 'The Idempotency-Key came before with another body.',
  429: 'Too many requests, or the client address holds its maximum; see `detail` and Retry-After.',
  503: 'The server is overloaded or shutting down, or its store does not answer; see Retry-After.',
  507: 'The store is full.'
}

function problems (...statuses: number[]): Record<number, object> {
  return Object.fromEntries(statuses.map(status => [status, {
    description: PROBLEMS[status],
    ...(status === 429 || status === 503 ? { headers: headers({ 'Retry-After': 'Seconds to wait before the next try.' }) } : {}),
    content: { 'application/problem+json': { schema: Problem } }
  }]))
}

function answer (description: string, schema: TSchema, example: unknown, extra: Record<string, string>): object {
  return { description, headers: headers(extra), content: { 'application/json': { schema, example } } }
}

/** The example is a part of the schema, since the generator takes it over only from there. */
function body (types: Record<string, [schema: TSchema, example: unknown]>): { content: object } {
  return {
    content: Object.fromEntries(Object.entries(types).map(([type, [schema, example]]) => [type, { schema: { ...schema, examples: [example] } }]))
  }
}

function rateHeaders (limits: number[]): Record<string, string> {
  return limits.length === 0
    ? {}
    : {
        'RateLimit-Limit': 'Requests of this kind per minute.',
        'RateLimit-Remaining': 'Requests of this kind left in this window.',
        'RateLimit-Reset': 'Seconds until the window starts anew.'
      }
}

function headers (descriptions: Record<string, string>): object {
  return Object.fromEntries(Object.entries(descriptions).map(([name, description]) =>
    [name, name === 'Location' ? { type: 'string', description } : { type: 'integer', description }]))
}
