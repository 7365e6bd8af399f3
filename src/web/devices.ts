import type { MediaKind } from './local-media.js'

export type DeviceKind = MediaKind | 'speaker'

const browserKinds = { audio: 'audioinput', video: 'videoinput', speaker: 'audiooutput' } as const satisfies Record<DeviceKind, MediaDeviceKind>

/** The cameras, microphones and speakers that are connected. Browsers name none before the person has allowed one. */
export class Devices {
  #all: MediaDeviceInfo[] = []

  /**
   * @param changed called when a device may have come, gone or got its name
   * @param plugged called after that if the person has connected or disconnected one
   */
  constructor (private readonly changed: () => void, plugged: () => void) {
    navigator.mediaDevices?.addEventListener('devicechange', () => { void this.refresh().then(plugged) })
  }

  /** Those of a kind that can be told apart. */
  of (kind: DeviceKind): MediaDeviceInfo[] {
    return this.#of(kind).filter(({ label }) => label !== '')
  }

  has (kind: DeviceKind, id: string): boolean {
    return this.of(kind).some(({ deviceId }) => deviceId === id)
  }

  /** Whether there is a device of this kind, with or without a name. */
  any (kind: DeviceKind): boolean {
    return this.#of(kind).length > 0
  }

  async refresh (): Promise<void> {
    this.#all = await navigator.mediaDevices.enumerateDevices().catch(() => [])
    this.changed()
  }

  #of (kind: DeviceKind): MediaDeviceInfo[] {
    return this.#all.filter(device => device.kind === browserKinds[kind])
  }
}
