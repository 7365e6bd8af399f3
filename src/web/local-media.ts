export type MediaKind = 'audio' | 'video'

/** Why a device cannot be used: blocked by the person or the system, in use by another program, or not there. */
export type DeviceProblem = 'denied' | 'busy' | 'unavailable'

export type DeviceState = 'on' | 'off' | DeviceProblem

export type Senders = Partial<Record<MediaKind, RTCRtpSender>>

const constraints = {
  audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  video: { facingMode: 'user', width: { ideal: 1280 }, height: { ideal: 720 } }
} as const satisfies Record<MediaKind, MediaTrackConstraints>

/**
 * This person's camera and microphone. Both are requested together, and the call continues without either.
 * Turning the camera off stops it, so that its light goes out; the microphone stays open but muted, so that it
 * can resume at once.
 */
export class LocalMedia {
  readonly state: Record<MediaKind, DeviceState> = { audio: 'off', video: 'off' }
  readonly #tracks: Partial<Record<MediaKind, MediaStreamTrack>> = {}
  #senders: Senders = {}
  /** Counts calls to `stop`: devices requested before the last one are no longer wanted. */
  #stops = 0

  constructor (private readonly changed: () => void) {}

  /** The camera's stream, for the self-view. */
  get preview (): MediaStream | null {
    const { video } = this.#tracks
    return video === undefined ? null : new MediaStream([video])
  }

  /** Opens the wanted devices. Never rejects: `state` shows what could not be opened. */
  async open (wanted: Record<MediaKind, boolean>): Promise<void> {
    const kinds = (['audio', 'video'] as const).filter(kind => wanted[kind] && this.#tracks[kind] === undefined)
    const failure = await this.#request(kinds)
    // One of the two may still be available. After a denial, only the microphone is requested again.
    const rest = failure === 'denied' ? kinds.filter(kind => kind === 'audio') : kinds
    if (failure !== undefined && kinds.length > 1) for (const kind of rest) await this.#request([kind])
  }

  async setEnabled (kind: MediaKind, on: boolean): Promise<void> {
    const track = this.#tracks[kind]
    if (on && track === undefined) {
      await this.#request([kind])
    } else if (track !== undefined) {
      if (!on && kind === 'video') this.#release(kind)
      track.enabled = on
      this.state[kind] = on ? 'on' : 'off'
    }
    this.changed()
  }

  /** Sends through these senders from now on. */
  attach (senders: Senders): void {
    this.#senders = senders
    for (const kind of ['audio', 'video'] as const) this.#replaceTrack(kind)
  }

  /** Releases both devices, so that no light stays on. */
  stop (): void {
    this.#stops++
    this.#senders = {}
    for (const kind of ['audio', 'video'] as const) {
      this.#release(kind)
      this.state[kind] = 'off'
    }
    this.changed()
  }

  /** @returns why it failed; undefined if it did not */
  async #request (kinds: MediaKind[]): Promise<DeviceProblem | undefined> {
    if (kinds.length === 0) return undefined
    const stops = this.#stops
    try {
      const stream = await navigator.mediaDevices.getUserMedia(
        Object.fromEntries(kinds.map(kind => [kind, constraints[kind]])))
      for (const track of stream.getTracks()) {
        if (stops === this.#stops) this.#use(track.kind as MediaKind, track)
        else track.stop()
      }
      return undefined
    } catch (error) {
      if (stops !== this.#stops) return undefined
      const failure = problemOf(error)
      for (const kind of kinds) this.state[kind] = failure
      return failure
    } finally {
      this.changed()
    }
  }

  #use (kind: MediaKind, track: MediaStreamTrack): void {
    this.#release(kind)
    this.#tracks[kind] = track
    this.state[kind] = 'on'
    track.addEventListener('ended', () => {
      // Unplugged, or revoked in the browser's settings.
      if (this.#tracks[kind] !== track) return
      this.#release(kind)
      this.changed()
    })
    this.#replaceTrack(kind)
  }

  #release (kind: MediaKind): void {
    this.#tracks[kind]?.stop()
    delete this.#tracks[kind]
    if (this.state[kind] === 'on') this.state[kind] = 'off'
    this.#replaceTrack(kind)
  }

  #replaceTrack (kind: MediaKind): void {
    this.#senders[kind]?.replaceTrack(this.#tracks[kind] ?? null).catch(() => {
      // The connection is closed, and its senders with it.
    })
  }
}

/** What an error of `getUserMedia` means (W3C Media Capture and Streams, section 10.2). */
function problemOf (error: unknown): DeviceProblem {
  switch (Object(error).name) {
    case 'NotAllowedError':
    case 'SecurityError': return 'denied'
    case 'NotReadableError':
    case 'AbortError': return 'busy'
    default: return 'unavailable'
  }
}
