/**
 * The one table of what can go wrong between two peers: code and a sentence that a page can show.
 * The first group is a link or a network that does not work, the second a message that was refused:
 * an honest server passes messages on as they were stored, so one of those is a server that lies,
 * or somebody with another link.
 */
const table = {
  CALL_ERR_INVITE: 'This link is not an invite. Ask for it again.',
  CALL_ERR_INVITE_VERSION: 'This invite was made by a newer version. Reload the page, or update this program.',
  CALL_ERR_KEY: 'The key does not fit: the link was changed on its way, or belongs to another call. Ask for it again.',
  CALL_ERR_GONE: 'This invite is gone: it was ended, or not used for too long. Ask for a new one.',
  CALL_ERR_INSECURE: 'This page cannot encrypt. Open it over HTTPS, or on localhost.',
  CALL_ERR_NO_PEER: 'The other side did not answer.',
  CALL_ERR_NO_PATH: 'No network path to the other side was found, and there was no TURN server to go through.',
  CALL_ERR_NO_PATH_WITH_TURN: 'No network path to the other side was found, not even through the TURN server.',
  CALL_ERR_LOST: 'The connection to the other side broke.',
  CALL_ERR_DESCRIPTION: 'The two sides offer connections of kinds that do not fit together.',
  CALL_ERR_TOO_LARGE: 'A message is too large for the server, or for the other side.',
  CALL_ERR_SERVER: 'The server does not answer as it should.',
  CALL_ERR_FULL: 'More came in than is taken at a time.',
  CALL_ERR_ATTEMPTS: 'Too many attempts to join by this invite failed, so it takes no new guests for now. Try again in ten minutes, or use a new invite.',
  CALL_ERR_USED_UP: 'This invite was used too often and takes no new guests. A new invite is needed.',
  CALL_ERR_CLOSED: 'The conversation is over.',

  CALL_ERR_FORMAT: 'A message was refused: it is not a sealed message.',
  CALL_ERR_VERSION: 'A message was refused: it is sealed in a version that is not known here.',
  CALL_ERR_CHANGED: 'A message was refused: it was changed on its way.',
  CALL_ERR_REPLAYED: 'A message was refused: it came a second time.',
  CALL_ERR_ORDER: 'A message was refused: one before it was left out, or the order was changed.',
  CALL_ERR_REFLECTED: 'A message was refused: it is our own, sent back.',
  CALL_ERR_FOREIGN: 'A message was refused: it belongs to another conversation.',
  CALL_ERR_FINGERPRINT: 'The other side is not who it said it was: its DTLS fingerprint is another one.'
} as const satisfies Record<string, string>

export type CallErrorCode = keyof typeof table

export function isCallErrorCode (code: string): code is CallErrorCode {
  return Object.hasOwn(table, code)
}

/** Everything that `host`, `join` and what they stand on throw. `code` names it, `message` can be shown. */
export class CallError extends Error {
  override readonly name = 'CallError'

  constructor (readonly code: CallErrorCode, options?: ErrorOptions) {
    super(table[code], options)
  }
}
