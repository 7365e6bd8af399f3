import type { DeviceKind } from '../media/device-kind.js'
import type { ChosenDevice } from '../media/devices.js'
import { load, save, type PageStorage } from './storage.js'

/** What this browser remembers from call to call. */
export interface PreferenceData {
  /** the person's name, as others see it */
  name: string
  /** whether a sound tells that someone has joined */
  chime: boolean
  devices: Partial<Record<DeviceKind, ChosenDevice>>
  /** how pictures are shown: 'fit', 'fill', or '' for what suits each */
  fit: string
  /** whether single keys press buttons */
  shortcuts: boolean
}

export class Preferences {
  #data: Readonly<PreferenceData>

  constructor (private readonly storage: PageStorage) {
    this.#data = checked(load(storage))
  }

  get data (): Readonly<PreferenceData> { return this.#data }

  update (change: Partial<PreferenceData>): void {
    this.#data = { ...this.#data, ...change }
    save(this.storage, this.#data)
  }
}

function checked ({ name, chime, devices, fit, shortcuts }: Partial<Record<keyof PreferenceData, unknown>>): PreferenceData {
  return {
    name: typeof name === 'string' ? name : '',
    chime: chime !== false,
    fit: typeof fit === 'string' ? fit : '',
    shortcuts: shortcuts !== false,
    devices: Object.fromEntries(Object.entries(Object(devices)).filter(([, device]) => isChosenDevice(device)))
  }
}

function isChosenDevice (device: unknown): device is ChosenDevice {
  const { id, label } = Object(device)
  return typeof id === 'string' && typeof label === 'string'
}
