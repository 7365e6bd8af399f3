import type { Resume } from 'signalbox-client/webrtc'
import { load, save, type PageStorage } from './storage.js'

/** What a tab remembers across a reload and forgets when it is closed: which call it is in, whom it
 * has met, and which devices were turned off. */
export interface SessionData {
  call?: { role: 'host', resume: Resume } | { role: 'guest', invite: string }
  /** the ids of those with whom people were shown a code in this call: the next one is new */
  met?: string[]
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
