import type { Channel } from './channel.js'

/** What is needed of a `SimplePeer` instance of the package `simple-peer`. */
export interface SignalingPeer {
  readonly destroyed: boolean
  on (event: 'signal', listener: (data: any) => void): unknown
  on (event: 'close', listener: () => void): unknown
  signal (data: any): void
  destroy (error?: Error): unknown
}

/**
 * Lets a `simple-peer` signal through a channel, and ends the one with the other. The host speaks
 * first, so its peer is the one with `initiator: true`.
 */
export function signalThrough (peer: SignalingPeer, channel: Channel): void {
  const end = (error: unknown) => { if (!peer.destroyed) peer.destroy(error as Error) }
  peer.on('signal', data => { channel.send(data).catch(end) })
  peer.on('close', () => { void channel.close() })
  receive().catch(end)

  async function receive () {
    for await (const data of channel) {
      if (!peer.destroyed) peer.signal(data)
    }
    end(undefined)
  }
}
