/* How a conversation ends: what the last message says, whichever way it goes. */

import { CallError, type CallErrorCode } from './errors.js'

/**
 * Errors that the other side shares or can act on. After the last two, only the boxes are lost, and a connected call
 * continues.
 */
const SHARED_REASONS = new Set<unknown>(['CALL_ERR_FULL', 'CALL_ERR_ATTEMPTS', 'CALL_ERR_USED_UP', 'CALL_ERR_TOO_LARGE', 'CALL_ERR_DESCRIPTION', 'CALL_ERR_LOST', 'CALL_ERR_NO_PATH', 'CALL_ERR_NO_PATH_WITH_TURN', 'CALL_ERR_GONE', 'CALL_ERR_SERVER'] satisfies CallErrorCode[])

function isShared (code: unknown): code is CallErrorCode {
  return SHARED_REASONS.has(code)
}

/** The last message: null if a side has left, or the code of the error that ended the conversation. */
export type EndMessage = null | { ended: CallErrorCode }

/** The last message for a reason. If the error concerns only this side, it just says that the end was not intended. */
export function endMessageFor (reason: unknown): EndMessage {
  if (reason === undefined) return null
  return { ended: reason instanceof CallError && isShared(reason.code) ? reason.code : 'CALL_ERR_CLOSED' }
}

/** Whether this is a last message with a reason. Messages before it may be missing, because they could not be stored. */
export function isEndMessage (message: unknown): message is { ended: unknown } {
  return Object(message).ended !== undefined
}

/** The error that the other side ended the conversation with. */
export function errorOf ({ ended }: { ended: unknown }): CallError {
  return new CallError(isShared(ended) ? ended : 'CALL_ERR_CLOSED')
}
