import { Type, type Static } from '@sinclair/typebox'
import { BOX_ID, CAPABILITY, DROP_ADDRESS } from '../box/capability.js'
import { errorTable } from '../errors.js'

/**
 * The schemas of the contract: what is validated, what the types are made from, and what
 * OpenAPI shows. A schema with a `title` is a named component there.
 */

const count = (description: string) => Type.Integer({ minimum: 0, description })

/** A sequence number may need more than 32 bits; without the format, clients in Java keep it in that many. */
const sequence = (minimum: number, description: string, options: object = {}) => Type.Integer({ format: 'int64', minimum, description, ...options })
const cursor = (description: string, options: object = {}) => sequence(0, description, { maximum: Number.MAX_SAFE_INTEGER, ...options })

const boxId = Type.String({ pattern: BOX_ID, description: 'The box id: whoever holds it owns the box. Keep it secret.' })
const drop = Type.String({ pattern: DROP_ADDRESS, description: 'The drop address: whoever holds it can only store. Pass this one on.' })

const expires = Type.String({ format: 'date-time', description: 'When the box goes if nobody uses it until then (RFC 3339).' })

export const Message = Type.Unknown({
  title: 'Message',
  description: 'A message: any JSON value, kept and given back to the letter.'
})

/**
 * With the server's own bounds, so that the contract shows what this server takes. The default
 * is told in words: as a `default`, generated clients would send it, also to servers that take less.
 */
export const createBoxBody = (ttl: number, maxTtl: number) => Type.Object({
  ttl: Type.Optional(Type.Integer({
    minimum: 1, maximum: maxTtl, description: `The idle lifetime in seconds: a box that is not used for this long is gone. ${ttl} where it is left out.`
  }))
}, { title: 'CreateBox', additionalProperties: false, description: 'What to make.' })
export type CreateBoxBody = Static<ReturnType<typeof createBoxBody>>

export const AcknowledgeBody = Type.Object({
  after: cursor('Everything up to this number is forgotten.')
}, { title: 'Cursor', additionalProperties: false, description: 'How far a reader has seen everything.' })
export type AcknowledgeBody = Static<typeof AcknowledgeBody>

export const ReadQuery = Type.Object({
  after: Type.Optional(cursor('The cursor: only messages with a higher number are read.', { default: 0 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'How many messages at most.' })),
  wait: Type.Optional(Type.Integer({ minimum: 0, maximum: 60, default: 0, description: 'For how many seconds the read is held open until a message comes. The server may answer earlier.' }))
}, { additionalProperties: false })
export type ReadQuery = Static<typeof ReadQuery>

export const ReadHeaders = Type.Object({
  'last-event-id': Type.Optional(Type.String({ pattern: '^([0-9]{1,15})?$', description: 'Resumes a stream after this number; wins over `after`.' }))
})
export type ReadHeaders = Static<typeof ReadHeaders>

export const StoreHeaders = Type.Object({
  'idempotency-key': Type.Optional(Type.String({ pattern: '^[\\x21-\\x7e]{1,64}$', description: 'Makes a repeated request safe: the same key and body again answers the first answer and stores nothing.' }))
})
export type StoreHeaders = Static<typeof StoreHeaders>

export const NoQuery = Type.Object({}, { additionalProperties: false })

/** Other members are let through, as the original did: its clients send cache busters. */
export const ClassicQuery = Type.Object({
  box: Type.Optional(Type.String({ description: 'A box id, or a drop address to store. Without it a box is created.' })),
  msg: Type.Optional(Type.String({ description: 'The message to store. Without it everything in the box is taken out.' }))
})
export type ClassicQuery = Static<typeof ClassicQuery>

export const OwnerParams = Type.Object({ box: boxId })
export const BoxParams = Type.Object({
  box: Type.String({ pattern: CAPABILITY, description: 'The box id, or the drop address of a box.' })
})

export const Created = Type.Object({
  type: Type.Literal('created'),
  data: boxId,
  drop,
  expires
}, { title: 'Created', description: 'A box was made.' })

export const Ack = Type.Object({
  type: Type.Literal('ack'),
  data: count('Messages now in the box.'),
  seq: sequence(1, 'The sequence number of the message.')
}, { title: 'Ack', description: 'The message was stored.' })

export const CursorAck = Type.Object({
  type: Type.Literal('ack'),
  data: count('Messages left in the box.')
}, { title: 'CursorAck', description: 'The messages up to the cursor are forgotten.' })

export const Msgs = Type.Object({
  type: Type.Literal('msgs'),
  data: Type.Array(Message, { description: 'The messages, oldest first.' }),
  next: sequence(0, 'The cursor to go on from: the number of the last message in `data`.')
}, { title: 'Msgs', description: 'Messages of the box.' })

const ofClassic = [
  Type.Object({
    type: Type.Literal('created'),
    data: boxId,
    drop,
    expires
  }, { title: 'ClassicCreated', description: 'A box was made.' }),
  Type.Object({
    type: Type.Literal('ack'),
    data: count('How many messages are in the box.')
  }, { title: 'ClassicAck', description: 'The message was stored.' }),
  Type.Object({
    type: Type.Literal('msgs'),
    data: Type.Array(Message, { description: 'Everything that was in the box.' })
  }, { title: 'ClassicMsgs', description: 'The messages were taken out.' })
]
export const ClassicAnswer = Type.Unsafe<Static<typeof ofClassic[number]>>({
  oneOf: ofClassic, discriminator: { propertyName: 'type' }, title: 'ClassicAnswer', description: 'The envelope of the original script.'
})

export const Problem = Type.Object({
  type: Type.String({ format: 'uri-reference', description: 'Names the kind of problem, and answers with what it means.' }),
  title: Type.String({ description: 'The kind of problem in words.' }),
  status: Type.Integer({ minimum: 400, maximum: 599, description: 'The HTTP status.' }),
  detail: Type.String({ description: 'What to do next.' }),
  code: Type.String({ description: `One of ${errorTable.map(({ code }) => code).join(', ')}; or the code of the host's own check.` })
}, { title: 'Problem', description: 'What went wrong and what to do next (RFC 9457).' })
export type Problem = Static<typeof Problem>

const IceServer = Type.Object({
  urls: Type.Array(Type.String({ description: 'A STUN or TURN address.' })),
  username: Type.Optional(Type.String({ description: 'For TURN: until when it is valid, in seconds since the epoch.' })),
  credential: Type.Optional(Type.String({ description: 'For TURN: the password that goes with it.' }))
}, { title: 'IceServer', description: 'One entry of `RTCConfiguration.iceServers`.' })

export const IceServers = Type.Object({
  iceServers: Type.Array(IceServer, { description: 'To be given to an RTCPeerConnection as it is.' }),
  ttl: count('For how many seconds the credentials are valid.')
}, { title: 'IceServers', description: 'The servers that help two peers to find a path.' })
export type IceServers = Static<typeof IceServers>
