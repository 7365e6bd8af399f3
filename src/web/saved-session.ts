import type { Resume } from 'signalbox-client/webrtc'

/** What a tab remembers across a reload and forgets when it is closed: which call it is in, whether it
 * had a code, and which devices were turned off. */
export interface SessionData {
  call?: { role: 'host', resume: Resume } | { role: 'guest', invite: string }
  /** People were shown a code in this call: the next one is new. */
  hadCode?: boolean
  audio: boolean
  video: boolean
}

const KEY = 'signalbox'

export class SavedSession {
  #data: SessionData

  constructor (private readonly storage: Pick<Storage, 'getItem' | 'setItem'> | undefined) {
    this.#data = { audio: true, video: true, ...this.#read() }
  }

  get data (): Readonly<SessionData> { return this.#data }

  update (change: Partial<Omit<SessionData, 'call'>> & { call?: SessionData['call'] | undefined }): void {
    const { call, ...rest } = { ...this.#data, ...change }
    this.#data = { ...rest, ...(call && { call }) }
    try {
      this.storage?.setItem(KEY, JSON.stringify(this.#data))
    } catch {
      // The storage is full or blocked: a reload starts afresh.
    }
  }

  #read (): Partial<SessionData> {
    try {
      return Object(JSON.parse(this.storage?.getItem(KEY) ?? '{}'))
    } catch {
      return {}
    }
  }
}

/** The tab's session storage. Reading the property throws if the browser blocks it. */
export function tabStorage (): Storage | undefined {
  try {
    return sessionStorage
  } catch {
    return undefined
  }
}
