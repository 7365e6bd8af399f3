import { host, join, connect, listen, signalThrough, type Call, type HostedCall, type Peer } from '../../clients/typescript/src/webrtc/index.js'
import { hostWith } from '../../clients/typescript/src/webrtc/host.js'
import { joinWith } from '../../clients/typescript/src/webrtc/join.js'
import { defaultSettings, type Timeouts, type Settings } from '../../clients/typescript/src/webrtc/peer.js'
import type { SimplePeer } from 'simple-peer'
import { computeVectors } from './check-vectors.js'
import vectors from './sealing-vectors.json' with { type: 'json' }

/** What a test's page has, as globals. */
const globals = {
  host,
  join,
  listen,
  connect,
  signalThrough,
  hostWith,
  joinWith,
  withTimeouts: (timeouts: Partial<Timeouts>): Settings => ({ ...defaultSettings, timeouts: { ...defaultSettings.timeouts, ...timeouts } }),
  computeVectors: async () => await computeVectors(vectors),
  /** The call and the peer that this page has at the moment. */
  call: undefined as unknown as Call | HostedCall,
  peer: undefined as unknown as Peer,
  heard: [] as string[],
  codes: [] as string[],
  failed: [] as string[],

  /** Keeps the latest peer of a call in `peer`, and what it says in `heard`. */
  async follow (call: Call): Promise<void> {
    globals.call = window.call = call
    try {
      for await (const peer of call.peers) {
        window.peer = peer
        window.codes.push(peer.code)
        peer.channel.addEventListener('message', ({ data }) => { window.heard.push(data) })
      }
      window.failed.push('ended')
    } catch (error) {
      window.failed.push((error as { code: string }).code)
    }
  }
}

type Globals = typeof globals
declare global {
  interface Window extends Globals { SimplePeer: SimplePeer }
}
Object.assign(window, globals)
