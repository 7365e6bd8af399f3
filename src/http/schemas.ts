import { Type, type Static } from '@sinclair/typebox'
import { BOX_ID, CAPABILITY, DROP_ADDRESS } from '../box/capability.js'
import { errorTable } from '../errors.js'

/**
 * The schemas that operations share. They validate requests, types are derived from them, and OpenAPI shows
 * them; a schema with a `title` becomes a named component there.
 */

export const count = (description: string) => Type.Integer({ minimum: 0, description })

/** A sequence number may exceed 32 bits; without the format, Java clients would use a 32-bit type. */
export const sequence = (minimum: number, description: string, options: object = {}) => Type.Integer({ format: 'int64', minimum, description, ...options })
export const cursor = (description: string, options: object = {}) => sequence(0, description, { maximum: Number.MAX_SAFE_INTEGER, ...options })

export const Message = Type.Unknown({
  title: 'Message',
  description: 'A message: any JSON value, kept and given back to the letter.'
})

export const NoQuery = Type.Object({}, { additionalProperties: false })

const boxId = Type.String({ pattern: BOX_ID, description: 'The box id: whoever holds it owns the box. Keep it secret.' })

export const OwnerParams = Type.Object({ box: boxId })
export const BoxParams = Type.Object({
  box: Type.String({ pattern: CAPABILITY, description: 'The box id, or the drop address of a box.' })
})

/** The members that describe a new box. */
export const createdMembers = {
  type: Type.Literal('created'),
  data: boxId,
  drop: Type.String({ pattern: DROP_ADDRESS, description: 'The drop address: whoever holds it can only store. Pass this one on.' }),
  expires: Type.String({ format: 'date-time', description: 'When the box goes if nobody uses it until then (RFC 3339).' })
}
export const createdExample = {
  type: 'created', data: 'box_Zm9yIGV4YW1wbGUgb25seSEgMDEyMzQ1', drop: 'drop_ZXhhbXBsZSBkcm9wIGFkZHJlc3MgMDEy', expires: '2026-11-22T12:00:00.000Z'
}

export const Msgs = Type.Object({
  type: Type.Literal('msgs'),
  data: Type.Array(Message, { description: 'The messages, oldest first.' }),
  next: sequence(0, 'The cursor to go on from: the number of the last message in `data`.')
}, { title: 'Msgs', description: 'Messages of the box.' })

export const Problem = Type.Object({
  type: Type.String({ format: 'uri-reference', description: 'Names the kind of problem, and answers with what it means.' }),
  title: Type.String({ description: 'The kind of problem in words.' }),
  status: Type.Integer({ minimum: 400, maximum: 599, description: 'The HTTP status.' }),
  detail: Type.String({ description: 'What to do next.' }),
  code: Type.String({ description: `One of ${errorTable.map(({ code }) => code).join(', ')}; or the code of the host's own check.` })
}, { title: 'Problem', description: 'What went wrong and what to do next (RFC 9457).' })
export type Problem = Static<typeof Problem>
