import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Guard, Operation } from '../options.js'
import { fromHost, HostError } from './problem.js'

type Hook<Asked> = (request: Asked, reply: FastifyReply, done: (error?: Error) => void) => void

/**
 * The hook that calls the host's guard; none if there is no guard.
 * @param operation what the request is going to do
 */
export function guarded<Asked extends FastifyRequest> (guard: Guard | undefined, operation: Operation | ((request: Asked) => Operation)): Array<Hook<NoInfer<Asked>>> {
  if (guard === undefined) return []
  return [(request, reply, done) => {
    const asked = typeof operation === 'string' ? operation : operation(request)
    // If the guard has responded, the hook never calls back, so nothing follows.
    ask(guard, request, reply, asked).then(answered => { if (!answered) done() }, done)
  }]
}

/** @returns whether the guard has responded itself. @throws its refusal or failure */
export async function ask (guard: Guard, request: FastifyRequest, reply: FastifyReply, operation: Operation): Promise<boolean> {
  const answered = watchSend(reply)
  try {
    const result: unknown = await guard(request, reply, operation)
    // Elsewhere `false` means no, so it must not mean yes here.
    if (result === false && !answered()) throw new HostError(undefined, 403)
    return answered()
  } catch (error) {
    if (!answered()) throw fromHost(error)
    request.log.error({ err: error }, 'The guard failed after it had responded')
    return true
  }
}

/**
 * Fastify considers a response sent only when the host's asynchronous `onSend` hooks are done. A guard need not
 * wait for them, and no operation may slip in between.
 * @returns a function that stops watching and tells whether a response was sent in the meantime
 */
function watchSend (reply: FastifyReply): () => boolean {
  let sent = false
  const send = reply.send
  reply.send = function (this: FastifyReply, ...payload: Parameters<typeof send>) {
    sent = true
    return send.apply(this, payload)
  } as typeof send
  return () => {
    delete (reply as Partial<FastifyReply>).send
    return sent || reply.sent
  }
}
