import type { CallErrorCode } from 'signalbox-client/webrtc'
import type { Role } from './role.js'

/**
 * Everything that can go wrong, as the page explains it: what happened, and what to do about it. Where the host can
 * do something else than a guest, its own advice comes last.
 */
const table = {
  invite: ['This link is incomplete', 'Part of it is missing. Ask for it again, and copy the whole link.'],
  version: ['This page is out of date', 'The invite was made by a newer version. Reload the page.', 'They have a different version of it. Both of you should reload the page.'],
  key: ['This link is damaged', 'It was altered on its way to you, or part of it is missing. Ask for it again, and copy the whole link.'],
  gone: ['This invite is no longer valid', 'The call was ended, or the link went unused for too long. Ask for a new one, or start a call yourself.', 'The link went unused for too long. Start a new call and send its link.'],
  full: ['This call is full', 'Six people are already in it. Try again when someone has left.'],
  attempts: ['This invite accepts no new guests for now', 'There were too many attempts to join, and someone may be interfering. Ask for a new link, sent another way, or wait ten minutes.', 'There were too many attempts to join, and someone may be interfering. Start a new call and send its link another way, or wait ten minutes.'],
  elsewhere: ['This call is open in another tab', 'Continue in that tab, or close it and try again.'],
  usedUp: ['This invite has been used up', 'Too many people have joined with it. Ask for a new one, or start a call yourself.', 'Too many people have joined with it. Start a new call and send its link.'],
  nobody: ['Nobody answered', 'The person who invited you does not have the page open right now. Ask them to open it, then try again.'],
  path: ['Your networks cannot connect', 'They block direct connections, and this server has no TURN server to relay the call. Try another network, such as mobile data.'],
  relay: ['Your networks cannot connect', 'They block direct connections, and the TURN server did not help either. Try another network, such as mobile data.'],
  lost: ['The connection was lost', 'It could not be restored. The link still works: try again.'],
  server: ['The server is not responding', 'Check your internet connection, wait a moment and try again.'],
  limited: ['This server asks you to wait', 'Too many requests came from your network. Wait a minute and try again.'],
  refused: ['Someone may be interfering', 'A message did not arrive as it was sent, so the call was not connected. Ask for a new link, sent another way.', 'A message did not arrive as it was sent, so nobody was connected. Start a new call and send its link another way.'],
  incompatible: ['These browsers are incompatible', 'The other browser offers a connection that this one cannot make. Update this browser, or use another one.'],
  unsupported: ['This browser cannot make calls', 'WebRTC is missing from it or turned off, as in Lockdown Mode on Apple devices. Open this page in another browser, such as Firefox, Chrome, Edge or Safari.'],
  old: ['This browser is too old', 'It lacks the encryption that calls need. Update it, or open this page in another browser.'],
  insecure: ['This page is not secure', 'Browsers allow the camera, the microphone and encryption only on pages opened over HTTPS. Use the address that starts with https://.'],
  unknown: ['Something went wrong', 'Reload the page. If that does not help, ask for a new link.', 'Reload the page. If that does not help, start a new call.']
} as const satisfies Record<string, readonly [title: string, advice: string, hostAdvice?: string]>

export type Failure = keyof typeof table

export function titleOf (failure: Failure): string {
  return table[failure][0]
}

/** @param role who reads it */
export function adviceOf (failure: Failure, role: Role): string {
  const [, advice, hostAdvice]: readonly [string, string, string?] = table[failure]
  return role === 'host' ? hostAdvice ?? advice : advice
}

/** Failures after which the same link may work later. */
const RETRYABLE = new Set<Failure>(['full', 'attempts', 'elsewhere', 'nobody', 'path', 'relay', 'lost', 'server', 'limited', 'unknown'])

export function isRetryable (failure: Failure): boolean {
  return RETRYABLE.has(failure)
}

/** Whether someone may be causing this on purpose. */
export function isWarning (failure: Failure): boolean {
  return failure === 'refused' || failure === 'attempts'
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
  CALL_ERR_DESCRIPTION: 'incompatible',
  CALL_ERR_UNVERIFIED: 'incompatible',
  CALL_ERR_TOO_LARGE: 'incompatible',
  CALL_ERR_ATTEMPTS: 'attempts',
  CALL_ERR_USED_UP: 'usedUp',
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

/** The failure for anything that was thrown. @param met whether the two sides were connected before */
export function failureOf (error: unknown, met = true): Failure {
  const { code, cause } = Object(error) as { code?: unknown, cause?: unknown }
  if (code === 'CALL_ERR_SERVER' && Object(cause).status === 429) return 'limited'
  if (code === 'CALL_ERR_CLOSED' && !met) return 'nobody'
  return Object.hasOwn(byCode, String(code)) ? byCode[code as CallErrorCode] : 'unknown'
}

/** Why the page cannot work in this browser; undefined if it can. */
export function unsupported (window: Partial<Pick<typeof globalThis, 'isSecureContext' | 'RTCPeerConnection' | 'crypto'>>): Failure | undefined {
  if (!window.isSecureContext) return 'insecure'
  if (window.RTCPeerConnection === undefined) return 'unsupported'
  return window.crypto?.subtle === undefined ? 'old' : undefined
}
