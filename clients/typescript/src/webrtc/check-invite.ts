import { createBoxClient, dataOf, type ClientOptions } from '../http.js'
import { Scope } from '../scope.js'
import { isIceServers } from '../shapes.js'
import { boxOptions } from './boxes.js'
import { asCallError } from './errors.js'
import { inviteTo } from './invite.js'

/** The options of `checkInvite`. */
export interface CheckInviteOptions extends ClientOptions {
  /** The base URL of the box routes. If given, the invite must lead to this server. Required with `headers`. */
  server?: string | URL
  /** Aborts the check. */
  signal?: AbortSignal
}

/** How long to wait for the server, in ms. */
const DEADLINE = 5_000

/**
 * Checks that an invite is valid and its call not over, before anyone is asked to join. The host notices
 * nothing, and need not be online.
 * @throws CallError if the invite is invalid (`CALL_ERR_INVITE`, `CALL_ERR_KEY`, `CALL_ERR_INVITE_VERSION`),
 * its box is gone (`CALL_ERR_GONE`), or the server fails (`CALL_ERR_SERVER`)
 * @throws TypeError if `headers` are given without `server`
 */
export async function checkInvite (invite: string | URL, options: CheckInviteOptions = {}): Promise<void> {
  const { server, key } = await inviteTo(invite, options)
  const client = createBoxClient(server, boxOptions(options))
  try {
    // Of the requests that a drop address gives access to, the one that only renews the box.
    await Scope.run(undefined, options.signal, async ({ signal }) =>
      await dataOf(client.GET('/boxes/{box}/ice-servers', { params: { path: { box: key.hostDrop } }, signal }), isIceServers), DEADLINE)
  } catch (error) {
    throw asCallError(error, options.signal)
  }
}
