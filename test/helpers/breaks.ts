import type { Page } from 'playwright-core'

/** A page whose newest connection says what `breaks` wants, and that counts how often ICE was restarted in `restarts`. */
export async function breakable (page: Page): Promise<void> {
  await page.addInitScript(() => {
    const made: RTCPeerConnection[] = []
    const Plain = RTCPeerConnection
    globalThis.RTCPeerConnection = class extends Plain {
      constructor (configuration?: RTCConfiguration) {
        super(configuration)
        made.push(this)
      }

      override restartIce () {
        Object.assign(globalThis, { restarts: (Reflect.get(globalThis, 'restarts') ?? 0) + 1 })
        super.restartIce()
      }
    }
    Object.assign(globalThis, {
      breaks: (state: RTCPeerConnectionState) => {
        const connection = made.at(-1)!
        Object.defineProperty(connection, 'connectionState', { value: state, configurable: true })
        connection.dispatchEvent(new Event('connectionstatechange'))
      }
    })
  })
}

/** Makes the connection of a page look as if it were in this state. */
export async function breaks (page: Page, state: RTCPeerConnectionState): Promise<void> {
  await page.evaluate(state => Reflect.get(globalThis, 'breaks')(state), state)
}
