import { LogController, type FastifyReply, type FastifyRequest } from 'fastify'
import { CAPABILITY_IN_TEXT } from '../box/capability.js'

const CAPABILITY = new RegExp(`\\b${CAPABILITY_IN_TEXT}`, 'g')
/** How far the causes of an error are followed. */
const CAUSES = 4

interface DescribedError {
  [key: string]: unknown
  type: string
  code?: unknown
  message: string
  stack: string
  cause?: DescribedError
}

/**
 * An error as it is logged: what it says of itself, and nothing that was hung on it, since Node
 * hangs the raw request on some; with capabilities blotted out wherever they got in.
 */
export function describeError (error: unknown, causes = CAUSES): DescribedError {
  if (!(error instanceof Error)) return { type: typeof error, message: blot(String(error)), stack: '' }
  const { name, message, stack = '', cause } = error
  return {
    type: name,
    ...('code' in error ? { code: error.code } : {}),
    message: blot(message),
    stack: blot(stack),
    ...(cause === undefined || causes === 0 ? {} : { cause: describeError(cause, causes - 1) })
  }
}

function blot (text: string): string {
  return text.replace(CAPABILITY, '$1_…')
}

/** One line for each request, when it is done, in place of Fastify's two. */
export class RequestLog extends LogController {
  override incomingRequest (): void {}

  override requestCompleted (error: Error | null | undefined, request: FastifyRequest, reply: FastifyReply): void {
    const line = { req: request, res: reply, responseTime: reply.elapsedTime }
    if (error == null) request.log.info(line, 'request completed')
    else request.log.error({ ...line, err: error }, 'request errored')
  }
}
