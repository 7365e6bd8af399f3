import { baseUrl, isDropAddress } from '../address.js'
import type { ClientOptions } from '../index.js'
import { fromBase64url, toBase64url, type Bytes } from '../bytes.js'
import { CallError } from './errors.js'
import { inviteKey, VERSION, type InviteKey } from './sealing.js'

/** The content of an invite. */
export interface Invite {
  /** The base URL of the box routes, without a trailing slash. */
  server: string
  key: InviteKey
}

/**
 * Creates the link that the host gives to guests: the address of a page with the host's drop address and the
 * secret in its fragment, which browsers do not send. `id` lets the guest check the secret before sending
 * anything. The server is named unless it is at the page's own base.
 */
export async function createInvite (page: string | URL, server: string, secret: Bytes, hostDrop: string): Promise<string> {
  const { id } = await inviteKey(secret, hostDrop)
  const fragment = new URLSearchParams({ v: String(VERSION), drop: hostDrop, key: toBase64url(secret), id })
  const link = new URL(page)
  if (defaultServer(link) !== server) fragment.set('server', server)
  link.hash = fragment.toString()
  return link.href
}

/**
 * Parses an invite.
 * @throws CallError `CALL_ERR_INVITE` if the link is not an invite, `CALL_ERR_INVITE_VERSION` if it has another
 * version, `CALL_ERR_KEY` if its key was altered
 */
export async function parseInvite (link: string | URL): Promise<Invite> {
  let page: URL
  let server: string
  let fragment: URLSearchParams
  try {
    page = new URL(link)
    fragment = new URLSearchParams(page.hash.slice(1))
    server = baseUrl(fragment.get('server') ?? defaultServer(page))
  } catch (cause) {
    throw new CallError('CALL_ERR_INVITE', { cause })
  }
  const version = fragment.get('v')
  const drop = fragment.get('drop') ?? ''
  // In another version, all else may have another form.
  if (version !== null && version !== String(VERSION)) throw new CallError('CALL_ERR_INVITE_VERSION')
  if (version === null || !isDropAddress(drop)) throw new CallError('CALL_ERR_INVITE')
  const secret = fromBase64url(fragment.get('key') ?? '')
  if (secret?.length !== 32) throw new CallError('CALL_ERR_KEY')
  const key = await inviteKey(secret, drop)
  if (key.id !== fragment.get('id')) throw new CallError('CALL_ERR_KEY')
  return { server, key }
}

/**
 * Parses an invite and checks that it leads to the expected server. A stranger's invite may name any server,
 * so `headers`, which may hold credentials, are sent only to a server that the caller named.
 */
export async function inviteTo (link: string | URL, { server, headers }: ClientOptions & { server?: string | URL }): Promise<Invite> {
  if (headers !== undefined && server === undefined) throw new TypeError("The option 'headers' requires the option 'server'")
  const invite = await parseInvite(link)
  if (server !== undefined && invite.server !== baseUrl(server)) throw new CallError('CALL_ERR_INVITE')
  return invite
}

/** The default server of a page: its address up to the last slash. */
function defaultServer (page: URL): string {
  return baseUrl(new URL('.', page))
}
