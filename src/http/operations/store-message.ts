import { Type, type TSchema } from '@sinclair/typebox'
import { withKey } from '../../box/message.js'
import { InvalidError } from '../../errors.js'
import { IN_WORDS } from '../../expectation.js'
import type { NewMessage } from '../../store/store.js'
import { ack, responding } from '../responses.js'
import type { Api, SchemaTypes, Scope } from '../api.js'
import { parseMessages } from '../body.js'
import { body, json } from '../contract.js'
import { guarded } from '../guard.js'
import { countedAs } from '../rate-limit.js'
import { anyBox, DROP } from '../resource.js'
import { Ack, BoxParams, Message, NoQuery } from '../schemas.js'
import { UNCHECKED, validatorCompiler } from '../validation.js'

const Headers = Type.Object({
  'idempotency-key': Type.Optional(Type.String({ pattern: '^[\\x21-\\x7e]{1,64}$', [IN_WORDS]: '1 to 64 visible ASCII characters', description: 'Makes retries safe: a request with the same key and body stores nothing and returns the first response again.' }))
})

/** The message as the parser passes it to the handler. */
const Parsed = Type.Unsafe<NewMessage>(Message)

export async function storeMessage (scope: Scope, { service, options, limiter, contract }: Api): Promise<void> {
  await scope.register(async messages => {
    parseMessages(messages)
    // The parser has validated the body; its result is not a JSON value that a schema could check.
    messages.setValidatorCompiler<TSchema>(part => part.httpPart === 'body' ? UNCHECKED : validatorCompiler(part))
    messages.withTypeProvider<SchemaTypes>().post('/:box/messages', {
      schema: contract.operation({
        operationId: 'storeMessage',
        tags: ['box'],
        summary: 'Store a message',
        description: 'Stores a message: any JSON value, sent with `Content-Type: application/json`. A body sent as `text/plain`, ' +
          'which is what `fetch` uses for a string by default, is stored as a JSON string. ' +
          'A 2xx status means that the message is as durable as the server\'s store guarantees. A full box refuses messages and never drops any; a full room drops its oldest.',
        params: BoxParams,
        querystring: NoQuery,
        headers: Headers,
        // Only one media type, although text is accepted too: clients generated from two media types send none,
        // and would store an object as text.
        body: body(Parsed, { type: 'offer', sdp: 'v=0…' }),
        response: {
          200: contract.response('The message was stored.', json(Ack, { type: 'ack', data: 1, seq: 1 })),
          ...contract.problems(400, 404, 409, 413, 415, 422, 503, 507)
        }
      }),
      bodyLimit: options.maxMessageBytes,
      onRequest: [...countedAs(limiter, 'stores'), anyBox],
      preHandler: guarded(options.guard, 'storeMessage')
    }, responding(
      ({ body: message, headers: { 'idempotency-key': key }, [DROP]: drop }) => {
        if (message === undefined) throw new InvalidError('the body must be the message, as application/json or text/plain')
        return service.append(drop, key === undefined ? message : withKey(message, key))
      },
      ack
    ))
  })
}
