export type Kind = 'audio' | 'video'

/** Of the camera or microphone: in use, off, not given by the person or the system, not there. */
export type DeviceState = 'on' | 'off' | 'refused' | 'missing'

export type Senders = Partial<Record<Kind, RTCRtpSender>>

const constraints = {
  audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  video: { facingMode: 'user', width: { ideal: 1280 }, height: { ideal: 720 } }
} as const satisfies Record<Kind, MediaTrackConstraints>

/**
 * One's own camera and microphone. Both are asked for at once, each is gone on without. Turning the
 * camera off stops it, so that its light goes out; the microphone stays open and is silent, so that
 * it is back at once.
 */
export class Media {
  readonly state: Record<Kind, DeviceState> = { audio: 'off', video: 'off' }
  readonly #tracks: Partial<Record<Kind, MediaStreamTrack>> = {}
  #senders: Senders = {}
  /** Counts the calls of `stop`: what was asked for before is not wanted any more. */
  #stops = 0

  constructor (private readonly changed: () => void) {}

  /** What the camera sees, for one's own picture. */
  get picture (): MediaStream | null {
    const { video } = this.#tracks
    return video === undefined ? null : new MediaStream([video])
  }

  /** Opens what is wanted. It never rejects: what could not be had shows in `state`. */
  async open (wanted: Record<Kind, boolean>): Promise<void> {
    const kinds = (['audio', 'video'] as const).filter(kind => wanted[kind] && this.#tracks[kind] === undefined)
    const failure = await this.#ask(kinds)
    // One of the two may still be had. After a plain no, the voice is asked for once more, no further.
    const rest = failure === 'refused' ? kinds.filter(kind => kind === 'audio') : kinds
    if (failure !== undefined && kinds.length > 1) for (const kind of rest) await this.#ask([kind])
  }

  async turn (kind: Kind, on: boolean): Promise<void> {
    const track = this.#tracks[kind]
    if (on && track === undefined) {
      await this.#ask([kind])
    } else if (track !== undefined) {
      if (!on && kind === 'video') this.#drop(kind)
      track.enabled = on
      this.state[kind] = on ? 'on' : 'off'
    }
    this.changed()
  }

  /** Sends through these from now on. */
  attach (senders: Senders): void {
    this.#senders = senders
    for (const kind of ['audio', 'video'] as const) this.#feed(kind)
  }

  /** Lets go of both, so that no light stays on. */
  stop (): void {
    this.#stops++
    this.#senders = {}
    for (const kind of ['audio', 'video'] as const) {
      this.#drop(kind)
      this.state[kind] = 'off'
    }
    this.changed()
  }

  /** @returns why it failed, undefined where it did not */
  async #ask (kinds: Kind[]): Promise<'refused' | 'missing' | undefined> {
    if (kinds.length === 0) return undefined
    const stops = this.#stops
    try {
      const stream = await navigator.mediaDevices.getUserMedia(
        Object.fromEntries(kinds.map(kind => [kind, constraints[kind]])))
      for (const track of stream.getTracks()) {
        if (stops === this.#stops) this.#take(track.kind as Kind, track)
        else track.stop()
      }
      return undefined
    } catch (error) {
      if (stops !== this.#stops) return undefined
      const failure = Object(error).name === 'NotAllowedError' ? 'refused' : 'missing'
      for (const kind of kinds) this.state[kind] = failure
      return failure
    } finally {
      this.changed()
    }
  }

  #take (kind: Kind, track: MediaStreamTrack): void {
    this.#drop(kind)
    this.#tracks[kind] = track
    this.state[kind] = 'on'
    track.addEventListener('ended', () => {
      // Unplugged, or taken back in the browser's own settings.
      if (this.#tracks[kind] !== track) return
      this.#drop(kind)
      this.changed()
    })
    this.#feed(kind)
  }

  #drop (kind: Kind): void {
    this.#tracks[kind]?.stop()
    delete this.#tracks[kind]
    if (this.state[kind] === 'on') this.state[kind] = 'off'
    this.#feed(kind)
  }

  #feed (kind: Kind): void {
    this.#senders[kind]?.replaceTrack(this.#tracks[kind] ?? null).catch(() => {
      // The connection is closed, and with it the sender.
    })
  }
}
