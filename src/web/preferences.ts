import type { DeviceKind } from './device-kind.js'

/** A device that the person has chosen. Some browsers give it another id at every visit, but the same name. */
export interface ChosenDevice { id: string, label: string }

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

const KEY = 'signalbox'

export class Preferences {
  #data: Readonly<PreferenceData>

  constructor (private readonly storage: Pick<Storage, 'getItem' | 'setItem'> | undefined) {
    this.#data = this.#read()
  }

  get data (): Readonly<PreferenceData> { return this.#data }

  update (change: Partial<PreferenceData>): void {
    this.#data = { ...this.#data, ...change }
    try {
      this.storage?.setItem(KEY, JSON.stringify(this.#data))
    } catch {
      // The storage is full or blocked: the preferences last as long as the page.
    }
  }

  #read (): PreferenceData {
    let saved: Partial<Record<keyof PreferenceData, unknown>> = {}
    try {
      saved = Object(JSON.parse(this.storage?.getItem(KEY) ?? '{}'))
    } catch {
      // It is blocked, or holds something else.
    }
    const { name, chime, devices, fit, shortcuts } = saved
    return {
      name: typeof name === 'string' ? name : '',
      chime: chime !== false,
      fit: typeof fit === 'string' ? fit : '',
      shortcuts: shortcuts !== false,
      devices: Object.fromEntries(Object.entries(Object(devices)).filter(([, device]) => isChosenDevice(device)))
    }
  }
}

function isChosenDevice (device: unknown): device is ChosenDevice {
  const { id, label } = Object(device)
  return typeof id === 'string' && typeof label === 'string'
}

/** The browser's storage for this origin. Reading the property throws if the browser blocks it. */
export function browserStorage (): Storage | undefined {
  try {
    return localStorage
  } catch {
    return undefined
  }
}
