import type { FileLink } from '../../../src/web/files/file-link.js'
import { RemotePage } from '../../../src/web/call/remote-page.js'

/** A data channel of which a page hears, and which counts how often it is closed. */
export class FakeChannel extends EventTarget {
  closed = 0

  close () { this.closed++ }

  hear (data: string) {
    this.dispatchEvent(Object.assign(new Event('message'), { data }))
  }
}

class FakeStream {
  readonly #tracks: object[] = []

  addTrack (track: object) { this.#tracks.push(track) }
  getTracks () { return this.#tracks }
}
Object.assign(globalThis, { MediaStream: FakeStream })

export function remotePage () {
  const channel = new FakeChannel()
  const connection = new EventTarget() as RTCPeerConnection
  const page = new RemotePage(connection, channel as unknown as RTCDataChannel, {} as FileLink)
  return { channel, connection, page }
}
