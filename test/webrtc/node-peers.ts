import type { Test } from 'tap'
import wrtc from '@roamhq/wrtc'
import { hostWith, type HostedCall, type HostOptions } from '../../clients/typescript/src/webrtc/host.js'
import { joinWith, type JoinOptions } from '../../clients/typescript/src/webrtc/join.js'
import type { Call } from '../../clients/typescript/src/webrtc/host.js'
import { next } from './serve.js'
import { defaultSettings, type Timeouts, type Peer, type Settings } from '../../clients/typescript/src/webrtc/peer.js'

/** Every connection: libwebrtc may still call one that has been closed and collected, which crashes the process. */
const connections: RTCPeerConnection[] = []

class KeptConnection extends wrtc.RTCPeerConnection {
  constructor (configuration?: RTCConfiguration) {
    super(configuration)
    connections.push(this)
  }
}

/** The types of this one are a browser's. */
export const node = { RTCPeerConnection: KeptConnection }

/** Has its candidates in its descriptions, so that each side's first message is its only one. */
export class Gathered extends KeptConnection {
  override async setLocalDescription (description?: RTCLocalSessionDescriptionInit): Promise<void> {
    await super.setLocalDescription(description)
    while (this.iceGatheringState !== 'complete') await new Promise(resolve => { this.addEventListener('icegatheringstatechange', resolve, { once: true }) })
  }
}

/** Ends a test file, and its process soon after: libwebrtc's threads would keep it. */
export function end (root: Test): void {
  root.teardown(() => { setTimeout(() => { process.exit() }, 500).unref() })
  root.end()
}

export function withTimeouts (timeouts: Partial<Timeouts>): Settings {
  return { ...defaultSettings, timeouts: { ...defaultSettings.timeouts, ...timeouts } }
}

export async function hostAt (t: Test, server: string, options: Partial<HostOptions> = {}, timeouts: Partial<Timeouts> = {}): Promise<HostedCall> {
  const call = await hostWith(withTimeouts(timeouts), { server, ...node, ...options })
  t.teardown(() => call.close())
  return call
}

export async function joinTo (t: Test, invite: string, options: JoinOptions = {}, timeouts: Partial<Timeouts> = {}): Promise<Call> {
  const call = await joinWith(withTimeouts(timeouts), invite, { ...node, ...options })
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
