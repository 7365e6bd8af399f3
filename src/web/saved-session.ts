import type { Resume } from 'signalbox-client/webrtc'
import { load, save, type PageStorage } from './storage.js'

/** What a tab remembers across a reload and forgets when it is closed: which call it is in, whether it
 * had a code, and which devices were turned off. */
export interface SessionData {
  call?: { role: 'host', resume: Resume } | { role: 'guest', invite: string }
  /** People were shown a code in this call: the next one is new. */
  hadCode?: boolean
  audio: boolean
  video: boolean
}

export class SavedSession {
  #data: SessionData

  constructor (private readonly storage: PageStorage) {
    this.#data = { audio: true, video: true, ...load(storage) }
  }

  get data (): Readonly<SessionData> { return this.#data }

  update (change: Partial<Omit<SessionData, 'call'>> & { call?: SessionData['call'] | undefined }): void {
    const { call, ...rest } = { ...this.#data, ...change }
    this.#data = { ...rest, ...(call && { call }) }
    save(this.storage, this.#data)
  }
}
