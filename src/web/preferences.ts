/** What this browser remembers from call to call. An empty device id means that the browser chooses. */
export interface PreferenceData {
  /** the person's name, as others see it */
  name: string
  /** whether a sound tells that someone has joined */
  chime: boolean
  /** device ids */
  audio: string
  video: string
  speaker: string
  /** how pictures are shown: 'fit', 'fill', or '' for what suits each */
  fit: string
  /** whether single keys press buttons */
  shortcuts: boolean
}

const KEY = 'signalbox'
const DEFAULTS: PreferenceData = { name: '', chime: true, audio: '', video: '', speaker: '', fit: '', shortcuts: true }

export class Preferences {
  #data: Readonly<PreferenceData>

  constructor (private readonly storage: Pick<Storage, 'getItem' | 'setItem'> | undefined) {
    this.#data = { ...DEFAULTS, ...this.#read() }
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

  #read (): Partial<PreferenceData> {
    try {
      const saved = Object(JSON.parse(this.storage?.getItem(KEY) ?? '{}')) as Record<string, unknown>
      return Object.fromEntries(Object.entries(DEFAULTS)
        .map(([key, value]) => [key, saved[key], value])
        .filter(([, saved, value]) => typeof saved === typeof value))
    } catch {
      return {}
    }
  }
}

/** The browser's storage for this origin. Reading the property throws if the browser blocks it. */
export function browserStorage (): Storage | undefined {
  try {
    return localStorage
  } catch {
    return undefined
  }
}
