import type { Channel } from './channel.js'

/** The part of a `simple-peer` instance that is used here. */
export interface SignalingPeer {
  readonly destroyed: boolean
  on (event: 'signal', listener: (data: any) => void): unknown
  on (event: 'close', listener: () => void): unknown
  signal (data: any): void
  destroy (error?: Error): unknown
}

/**
 * Connects a `simple-peer` instance to a channel for signaling; when one ends, so does the other. The host
 * speaks first, so its peer is the one created with `initiator: true`.
 */
export function signalThrough (peer: SignalingPeer, channel: Channel): void {
  if (peer.destroyed) {
    void channel.close()
    return
  }
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
