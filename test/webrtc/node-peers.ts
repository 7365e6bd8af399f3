import type { Test } from 'tap'
import { RTCPeerConnection } from 'werift'
import { hostWith, type HostedCall, type HostOptions } from '../../clients/typescript/src/webrtc/host.js'
import { joinWith, type JoinOptions } from '../../clients/typescript/src/webrtc/join.js'
import type { Call } from '../../clients/typescript/src/webrtc/host.js'
import { next } from './serve.js'
import { defaults, type Patience, type Peer, type Settings } from '../../clients/typescript/src/webrtc/peer.js'

/** Closed while it gathers candidates, werift's forgets the sockets that it opens after. */
class Tidy extends RTCPeerConnection {
  #describing: Promise<unknown> = Promise.resolve()

  override setLocalDescription (...description: Parameters<RTCPeerConnection['setLocalDescription']>) {
    const described = super.setLocalDescription(...description)
    this.#describing = described.catch(() => {})
    return described
  }

  override async close () {
    await this.#describing
    await super.close()
  }
}

/** werift's has the shape of a browser's, but not its types. */
export const node = { RTCPeerConnection: Tidy as unknown as typeof globalThis.RTCPeerConnection }

/**
 * Ends a test file, and its process soon after: closed in the middle of a DTLS handshake, werift's
 * goes on with it for up to a minute.
 */
export function end (root: Test): void {
  root.teardown(() => { setTimeout(() => { process.exit() }, 500).unref() })
  root.end()
}

export function impatient (patience: Partial<Patience>): Settings {
  return { ...defaults, patience: { ...defaults.patience, ...patience } }
}

export async function hostAt (t: Test, server: string, options: Partial<HostOptions> = {}, patience: Partial<Patience> = {}): Promise<HostedCall> {
  const call = await hostWith(impatient(patience), { server, ...node, ...options })
  t.teardown(() => call.close())
  return call
}

export async function joinTo (t: Test, invite: string, options: JoinOptions = {}, patience: Partial<Patience> = {}): Promise<Call> {
  const call = await joinWith(impatient(patience), invite, { ...node, ...options })
  t.teardown(() => call.close())
  return call
}

export async function firstPeer (call: Call): Promise<Peer> {
  return await next(call.peers)
}

export async function hear (peer: Peer): Promise<string> {
  return await new Promise(resolve => {
    peer.channel.addEventListener('message', ({ data }) => { resolve(String(data)) })
  })
}
