import { BoxError } from '../http.js'

const NEW_INVITE = 'Use a new invite, sent another way.'

/**
 * All errors of a call: each code with what happened and what to do, for a page to show. The first group means
 * that a link or a network does not work. The second means that a message was refused: an honest server passes
 * messages on unchanged, so the cause is a dishonest server or someone with another link.
 */
const table = {
  CALL_ERR_INVITE: 'This link is not a valid invite, or it leads to another server. Ask for it again, and copy the whole link.',
  CALL_ERR_INVITE_VERSION: 'This invite was made by a newer version. Reload the page or update this program.',
  CALL_ERR_KEY: 'The key in this link is wrong: the link was altered or cut off, or it belongs to another call. Ask for it again, and copy the whole link.',
  CALL_ERR_GONE: 'This invite is no longer valid: the call was ended, or the invite went unused for too long. Ask for a new one.',
  CALL_ERR_INSECURE: 'Encryption is not available on this page. Open it over HTTPS or on localhost.',
  CALL_ERR_NO_PEER: 'The other side did not answer. Make sure that its page or program is open, then try again.',
  CALL_ERR_NO_PATH: 'No network path to the other side was found, and there was no TURN server to relay the call. Try another network, or set up a TURN server.',
  CALL_ERR_NO_PATH_WITH_TURN: 'No network path to the other side was found, not even through the TURN server. Try another network, or check the TURN server.',
  CALL_ERR_LOST: 'The connection to the other side was lost and could not be restored. Check your network, then join again.',
  CALL_ERR_UNVERIFIED: 'This program cannot check whose certificate the connection uses, so a code would prove nothing. Use an RTCPeerConnection that exposes certificates, or, if nobody compares codes, set the option \'compare\' to false.',
  CALL_ERR_DESCRIPTION: 'The two sides offer incompatible connections. Update the browser or program on both sides.',
  CALL_ERR_TOO_LARGE: 'A message is too large for the server or for the other side. Send less at once.',
  CALL_ERR_SERVER: 'The server cannot be reached or is not responding as it should. Check your network, then try again later.',
  CALL_ERR_FULL: 'This call is full, or too many messages are waiting. Try again later.',
  CALL_ERR_ATTEMPTS: 'There were too many attempts to join with this invite, so it accepts no new guests for now. Try again in ten minutes, or use a new invite.',
  CALL_ERR_USED_UP: 'This invite has been used too many times and accepts no new guests. A new invite is needed.',
  CALL_ERR_CLOSED: 'The conversation has ended. To continue, join again or ask for a new invite.',

  CALL_ERR_FORMAT: `A message was refused: it is malformed. ${NEW_INVITE}`,
  CALL_ERR_VERSION: 'A message was refused: its protocol version is unknown. Reload the page or update the program on both sides.',
  CALL_ERR_CHANGED: `A message was refused: it was altered in transit. ${NEW_INVITE}`,
  CALL_ERR_REPLAYED: `A message was refused: it had already been received. ${NEW_INVITE}`,
  CALL_ERR_ORDER: `A message was refused: an earlier one is missing, or the order was changed. ${NEW_INVITE}`,
  CALL_ERR_REFLECTED: `A message was refused: it is one of our own, sent back. ${NEW_INVITE}`,
  CALL_ERR_FOREIGN: `A message was refused: it belongs to another conversation. ${NEW_INVITE}`,
  CALL_ERR_FINGERPRINT: `The other side is not who it claimed to be: its DTLS fingerprint does not match. ${NEW_INVITE}`
} as const satisfies Record<string, string>

/** The `code` of a `CallError`. */
export type CallErrorCode = keyof typeof table

/**
 * The error that `host`, `join`, `listen` and `connect` throw. `code` identifies it; `message` says what
 * happened and what to do, and can be shown to people.
 */
export class CallError extends Error {
  override readonly name = 'CallError'

  constructor (readonly code: CallErrorCode, options?: ErrorOptions) {
    super(table[code], options)
  }
}

/**
 * Translates an error of a box into one of a call. Aborts stay as they are.
 * @param signal what may have ended the work, perhaps with a reason of the caller's own
 */
export function asCallError (error: unknown, signal?: AbortSignal): unknown {
  if (error instanceof CallError || isAbort(error) || (signal?.aborted && error === signal.reason)) return error
  // Any other 404 means that the URL leads to something other than box routes.
  if (error instanceof BoxError && error.code === 'BOX_ERR_NOT_FOUND') return new CallError('CALL_ERR_GONE', { cause: error })
  if (error instanceof BoxError && error.status === 413) return new CallError('CALL_ERR_TOO_LARGE', { cause: error })
  return new CallError('CALL_ERR_SERVER', { cause: error })
}

function isAbort (error: unknown): error is DOMException {
  return error instanceof DOMException && error.name === 'AbortError'
}

/** Signaling may fail, with its box or its server, while the connection lives on. Any other error ends it. */
export function isOnlySignaling (error: unknown): boolean {
  return isAbort(error) || (error instanceof CallError && (error.code === 'CALL_ERR_GONE' || error.code === 'CALL_ERR_SERVER'))
}
