import { Type, type Static } from '@sinclair/typebox'
import { BOX_ID, CAPABILITY, DROP_ADDRESS } from '../box/capability.js'
import { errorTable } from '../errors.js'

/*
 * The schemas that operations share. They validate requests, types are derived from them, and OpenAPI shows
 * them; a schema with a `title` becomes a named component there.
 */

export const count = (description: string) => Type.Integer({ minimum: 0, description })

/** A sequence number may exceed 32 bits; without the format, Java clients would use a 32-bit type. */
export const sequence = (minimum: number, description: string, options: object = {}) => Type.Integer({ format: 'int64', minimum, description, ...options })
export const cursor = (description: string, options: object = {}) => sequence(0, description, { maximum: Number.MAX_SAFE_INTEGER, ...options })

export const Message = Type.Unknown({
  title: 'Message',
  description: 'A message: any JSON value, stored and returned unchanged.'
})

export const NoQuery = Type.Object({}, { additionalProperties: false })

const boxId = Type.String({ pattern: BOX_ID, description: 'The box id. Whoever holds it owns the box: keep it secret.' })

export const OwnerParams = Type.Object({ box: boxId })
export const BoxParams = Type.Object({
  box: Type.String({ pattern: CAPABILITY, description: 'A box id or a drop address.' })
})

/**
 * The settings of a new box. It uses the server's own limits, so that the contract shows what this server accepts. The default is described
 * in words: generated clients would send a `default`, even to servers that accept less.
 */
export const settings = ({ ttl, maxTtl }: { ttl: number, maxTtl: number }) => Type.Object({
  ttl: Type.Optional(Type.Integer({
    minimum: 1, maximum: maxTtl, description: `The idle lifetime in seconds: a box that is not used for this long expires. If absent: ${ttl}.`
  })),
  keep: Type.Optional(Type.Integer({
    minimum: 1, maximum: maxTtl, description: 'Makes the box a room: each message expires after this many seconds, and a full room drops its oldest messages. At most `ttl`. If absent, the box keeps its messages until they are acknowledged or drained.'
  }))
}, { title: 'CreateBox', additionalProperties: false, description: 'The settings of the new box.' })

/** The members that describe a box that was created or opened. */
export const createdMembers = {
  type: Type.Literal('created'),
  data: boxId,
  drop: Type.String({ pattern: DROP_ADDRESS, description: 'The drop address. Whoever holds it can only store messages: give this to the other party.' }),
  expires: Type.String({ format: 'date-time', description: 'When the box expires unless it is used before then (RFC 3339).' })
}
export const createdExample = {
  type: 'created', data: 'box_Zm9yIGV4YW1wbGUgb25seSEgMDEyMzQ1', drop: 'drop_ZXhhbXBsZSBkcm9wIGFkZHJlc3MgMDEy', expires: '2026-11-22T12:00:00.000Z'
}

export const Created = Type.Object(createdMembers, { title: 'Created', description: 'A box that was created or opened.' })
export type Created = Static<typeof Created>

export const Ack = Type.Object({
  type: Type.Literal('ack'),
  data: count('The number of messages now in the box.'),
  seq: sequence(1, 'The sequence number of the message.')
}, { title: 'Ack', description: 'The message was stored.' })
export type Ack = Static<typeof Ack>

export const Msgs = Type.Object({
  type: Type.Literal('msgs'),
  data: Type.Array(Message, { description: 'The messages, oldest first.' }),
  next: sequence(0, 'The cursor for the next read: the sequence number of the last message in `data`.')
}, { title: 'Msgs', description: 'Messages from the box.' })
export type Msgs = Static<typeof Msgs>

export const ClassicMsgs = Type.Object({
  type: Type.Literal('msgs'),
  data: Type.Array(Message, { description: 'All messages that were in the box.' })
}, { title: 'ClassicMsgs', description: 'The box was drained.' })
export type ClassicMsgs = Static<typeof ClassicMsgs>

export const Problem = Type.Object({
  type: Type.String({ format: 'uri-reference', description: 'Identifies the kind of problem; a GET request to this URI returns an explanation.' }),
  title: Type.String({ description: 'A short name for the problem.' }),
  status: Type.Integer({ minimum: 400, maximum: 599, description: 'The HTTP status.' }),
  detail: Type.String({ description: 'What to do next.' }),
  code: Type.String({ description: `One of ${errorTable.map(({ code }) => code).join(', ')}; or a code from the host application.` })
}, { title: 'Problem', description: 'What went wrong and what to do next (RFC 9457).' })
export type Problem = Static<typeof Problem>
