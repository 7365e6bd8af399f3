import type { Static, TSchema } from '@sinclair/typebox'
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest, FastifyTypeProvider, RawReplyDefaultExpression, RawRequestDefaultExpression, RawServerDefault } from 'fastify'
import type { BoxService } from '../box/box-service.js'
import type { ResolvedOptions } from '../options.js'
import type { Contract } from './contract.js'
import type { Json } from './json.js'
import type { Outgoing } from './outgoing.js'
import type { Limiter } from './rate-limit.js'

/** What the operations of a registration share. */
export interface Api {
  service: BoxService
  options: ResolvedOptions
  limiter: Limiter
  outgoing: Outgoing
  contract: Contract
}

/** Types the parts of a request by their schemas, the body by the schema of its one media type, and responses as the JSON of theirs. */
export interface SchemaTypes extends FastifyTypeProvider {
  validator: this['schema'] extends TSchema ? Static<this['schema']>
    : this['schema'] extends { content: { 'application/json': { schema: infer Body extends TSchema } } } ? Static<Body>
      : unknown
  /** Or the reply, from a handler that has sent the response itself. */
  serializer: this['schema'] extends TSchema ? Json<Static<this['schema']>> | FastifyReply : unknown
}

/** The scope in which operations are registered. */
export type Scope = FastifyInstance<RawServerDefault, RawRequestDefaultExpression, RawReplyDefaultExpression, FastifyBaseLogger, SchemaTypes>

/** A request with parts that are typed by schemas. */
export type RequestWith<Parts extends Record<string, TSchema>> = FastifyRequest & { [Part in keyof Parts]: Static<Parts[Part]> }
