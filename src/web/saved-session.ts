import type { Resume } from 'signalbox-client/webrtc'

/** What a tab remembers over a reload, and forgets when it is closed: which call it is in, and what it had turned off. */
export interface Kept {
  call?: { role: 'host', resume: Resume } | { role: 'guest', invite: string }
  audio: boolean
  video: boolean
}

const KEY = 'signalbox'

export class Keep {
  #kept: Kept

  constructor (private readonly storage: Pick<Storage, 'getItem' | 'setItem'> | undefined) {
    this.#kept = { audio: true, video: true, ...this.#read() }
  }

  get kept (): Readonly<Kept> { return this.#kept }

  set (change: Partial<Omit<Kept, 'call'>> & { call?: Kept['call'] | undefined }): void {
    const { call, ...rest } = { ...this.#kept, ...change }
    this.#kept = { ...rest, ...(call && { call }) }
    try {
      this.storage?.setItem(KEY, JSON.stringify(this.#kept))
    } catch {
      // Full or forbidden: then a reload begins anew.
    }
  }

  #read (): Partial<Kept> {
    try {
      return Object(JSON.parse(this.storage?.getItem(KEY) ?? '{}'))
    } catch {
      return {}
    }
  }
}

/** The tab's storage; reading the property throws where the browser forbids it. */
export function tabStorage (): Storage | undefined {
  try {
    return sessionStorage
  } catch {
    return undefined
  }
}
