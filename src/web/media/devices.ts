import type { DeviceKind } from './device-kind.js'

/** A device that the person has chosen. Some browsers give it another id at every visit, but the same name. */
export interface ChosenDevice { id: string, label: string }

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

  /** The id under which the device can be opened; '' if it is not there. Before devices have names, nobody knows. */
  idOf (kind: DeviceKind, chosen: ChosenDevice | undefined): string {
    const devices = this.of(kind)
    if (chosen === undefined || devices.length === 0) return chosen?.id ?? ''
    const device = devices.find(({ deviceId }) => deviceId === chosen.id) ?? devices.find(({ label }) => label === chosen.label)
    return device?.deviceId ?? ''
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
