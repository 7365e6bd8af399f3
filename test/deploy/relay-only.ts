import type { Page } from 'playwright-core'

declare global {
  interface Window {
    connections: RTCPeerConnection[]
  }
}

/** Lets the page connect only through the relay. */
export async function relayOnly (page: Page): Promise<void> {
  await page.addInitScript(() => {
    window.connections = []
    const Connection = window.RTCPeerConnection
    window.RTCPeerConnection = class extends Connection {
      constructor (configuration?: RTCConfiguration) {
        super({ ...configuration, iceTransportPolicy: 'relay' })
        window.connections.push(this)
      }
    }
  })
}
