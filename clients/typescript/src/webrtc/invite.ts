import { baseUrl } from '../address.js'
import type { ClientOptions } from '../index.js'
import { fromBase64url, toBase64url, type Bytes } from './bytes.js'
import { CallError } from './errors.js'
import { inviteKey, VERSION, type InviteKey } from './sealing.js'

/** What an invite says. */
export interface Invite {
  /** The base URL of the box routes, without a slash at its end. */
  server: string
  key: InviteKey
}

/**
 * The link that the host passes on: the address of a page, and in its fragment, which browsers do not
 * send, the host's drop address and the secret. `id` lets the guest see that the secret is the right
 * one before anything is sent. The server is named where the page does not lie at its base.
 */
export async function createInvite (page: string | URL, server: string, secret: Bytes, hostDrop: string): Promise<string> {
  const { id } = await inviteKey(secret, hostDrop)
  const fragment = new URLSearchParams({ v: String(VERSION), drop: hostDrop, key: toBase64url(secret), id })
  const link = new URL(page)
  if (defaultServer(link) !== server) fragment.set('server', server)
  link.hash = fragment.toString()
  return link.href
}

/** Throws `CALL_ERR_INVITE` where the link is no invite, `CALL_ERR_KEY` where a character of its key is wrong. */
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
  if (version === null || !/^drop_[\w-]{32}$/.test(drop)) throw new CallError('CALL_ERR_INVITE')
  if (version !== String(VERSION)) throw new CallError('CALL_ERR_INVITE_VERSION')
  const secret = fromBase64url(fragment.get('key') ?? '')
  if (secret?.length !== 32) throw new CallError('CALL_ERR_KEY')
  const key = await inviteKey(secret, drop)
  if (key.id !== fragment.get('id')) throw new CallError('CALL_ERR_KEY')
  return { server, key }
}

/**
 * The invite, where it leads to the server that it has to lead to. A stranger's invite may name any
 * server, so that headers, which may hold a login, go to none that was not named here.
 */
export async function inviteTo (link: string | URL, { server, headers }: ClientOptions & { server?: string | URL }): Promise<Invite> {
  if (headers !== undefined && server === undefined) throw new TypeError('The option headers requires the option server')
  const invite = await parseInvite(link)
  if (server !== undefined && invite.server !== baseUrl(server)) throw new CallError('CALL_ERR_INVITE')
  return invite
}

/** Where the box routes are for a page that lies beside them: its address up to the last slash. */
function defaultServer (page: URL): string {
  return baseUrl(new URL('.', page))
}
