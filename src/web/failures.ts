import type { CallErrorCode } from 'signalbox-client/webrtc'

/** What can go wrong, in the words of the page: what it is, and what to do about it. */
const table = {
  invite: ['This link is not whole', 'A part of the invite is missing. Ask for it again, and copy all of it.'],
  version: ['This page is out of date', 'The invite was made by a newer version. Load the page again.'],
  key: ['The key is wrong', 'The link was changed on its way to you, or a part of it is missing. Ask for it again, and copy all of it.'],
  gone: ['This invite is gone', 'The call was ended, or the link was not used for a long time. Ask for a new one, or start a call yourself.'],
  full: ['This call is full', 'Two people are in it already. Try again when one of them has left.'],
  attempts: ['This invite takes no new guests for now', 'Too many attempts to join failed, and somebody may be interfering. Use a new link, sent another way, or wait ten minutes.'],
  used: ['This invite is used up', 'Too many people have joined by it. Ask for a new one, or start a call yourself.'],
  nobody: ['Nobody answered', 'The other person does not have the page open at the moment. Ask them to open it, then try again.'],
  path: ['No path between you', 'Your networks let nothing through to each other, and this server has no TURN server to go around them. Try another network, such as mobile data.'],
  relay: ['No path between you', 'Your networks let nothing through to each other, and the TURN server did not help either. Try another network, such as mobile data.'],
  lost: ['The connection broke', 'It could not be mended. The link still works: try again.'],
  server: ['The server does not answer', 'Look at your internet connection, wait a little and try again.'],
  refused: ['Something is wrong in between', 'A message did not come as it was sent, so the call was not made. Ask for a new link, sent another way.'],
  kind: ['These browsers do not fit together', 'The other side offers a connection that this browser cannot make. Update it, or use another one.'],
  old: ['This browser is too old', 'It cannot make calls. Update it, or open the link in another one.'],
  insecure: ['This page is not secure', 'Browsers give camera, microphone and encryption only to pages that were opened over HTTPS. Use the address that begins with https://.'],
  unknown: ['Something went wrong', 'Load the page again. If that does not help, ask for a new link.']
} as const satisfies Record<string, readonly [title: string, advice: string]>

export type Failure = keyof typeof table

export function titleOf (failure: Failure): string {
  return table[failure][0]
}

export function adviceOf (failure: Failure): string {
  return table[failure][1]
}

/** The same link may work another time. */
const passing = new Set<Failure>(['full', 'attempts', 'nobody', 'path', 'relay', 'lost', 'server', 'unknown'])

export function mayPass (failure: Failure): boolean {
  return passing.has(failure)
}

const byCode: Record<CallErrorCode, Failure> = {
  CALL_ERR_INVITE: 'invite',
  CALL_ERR_INVITE_VERSION: 'version',
  CALL_ERR_KEY: 'key',
  CALL_ERR_GONE: 'gone',
  CALL_ERR_INSECURE: 'insecure',
  CALL_ERR_NO_PEER: 'nobody',
  CALL_ERR_NO_PATH: 'path',
  CALL_ERR_NO_PATH_WITH_TURN: 'relay',
  CALL_ERR_LOST: 'lost',
  CALL_ERR_DESCRIPTION: 'kind',
  CALL_ERR_TOO_LARGE: 'kind',
  CALL_ERR_ATTEMPTS: 'attempts',
  CALL_ERR_USED_UP: 'used',
  CALL_ERR_SERVER: 'server',
  CALL_ERR_FULL: 'full',
  CALL_ERR_CLOSED: 'lost',
  CALL_ERR_FORMAT: 'refused',
  CALL_ERR_VERSION: 'version',
  CALL_ERR_CHANGED: 'refused',
  CALL_ERR_REPLAYED: 'refused',
  CALL_ERR_ORDER: 'refused',
  CALL_ERR_REFLECTED: 'refused',
  CALL_ERR_FOREIGN: 'refused',
  CALL_ERR_FINGERPRINT: 'refused'
}

/** The failure behind anything that was thrown. */
export function failureOf (error: unknown): Failure {
  const { code } = Object(error) as { code?: unknown }
  return Object.hasOwn(byCode, String(code)) ? byCode[code as CallErrorCode] : 'unknown'
}

/** What the page cannot do without; undefined where all of it is there. */
export function missing (window: Partial<Pick<typeof globalThis, 'isSecureContext' | 'RTCPeerConnection' | 'crypto'>>): Failure | undefined {
  if (!window.isSecureContext) return 'insecure'
  if (window.RTCPeerConnection === undefined || window.crypto?.subtle === undefined) return 'old'
  return undefined
}
