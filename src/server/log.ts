import { LogController, type FastifyReply, type FastifyRequest } from 'fastify'
import { CAPABILITY_IN_TEXT } from '../box/capability.js'
import { ipOf } from '../http/address.js'

const CAPABILITY = new RegExp(`\\b${CAPABILITY_IN_TEXT}`, 'g')
/** How many nested causes of an error are logged. */
const MAX_CAUSES = 4

interface DescribedError {
  [key: string]: unknown
  type: string
  code?: unknown
  message: string
  stack: string
  cause?: DescribedError
}

/**
 * An error for the log: its own fields, with capabilities redacted wherever they appear, and without properties
 * that others attached, since Node attaches the raw request to some errors.
 */
export function describeError (error: unknown, causes = MAX_CAUSES): DescribedError {
  if (!(error instanceof Error)) return { type: typeof error, message: redact(String(error)), stack: '' }
  const { name, message, stack = '', cause } = error
  return {
    type: name,
    ...('code' in error ? { code: error.code } : {}),
    message: redact(message),
    stack: redact(stack),
    ...(cause === undefined || causes === 0 ? {} : { cause: describeError(cause, causes - 1) })
  }
}

function redact (text: string): string {
  return text.replace(CAPABILITY, '$1_…')
}

/** Logs one line per request, when it is complete, instead of Fastify's two. */
export class RequestLog extends LogController {
  override incomingRequest (request: FastifyRequest): void {
    ipOf(request)
  }

  override requestCompleted (error: Error | null | undefined, request: FastifyRequest, reply: FastifyReply): void {
    const line = { req: request, res: reply, responseTime: reply.elapsedTime }
    if (error == null) request.log.info(line, 'request completed')
    else request.log.error({ ...line, err: error }, 'request errored')
  }
}
