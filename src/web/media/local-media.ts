import { MEDIA_KINDS, type MediaKind } from './device-kind.js'
import type { Devices } from './devices.js'

/** Why a device cannot be used: blocked by the person or the system, in use by another program, or not there. */
export type DeviceProblem = 'denied' | 'busy' | 'unavailable'

export type DeviceState = 'on' | 'off' | DeviceProblem

export type Senders = Partial<Record<MediaKind, RTCRtpSender>>

/** What a page sends besides messages: sound, a picture, and whether the picture is a screen. */
export interface Sent { audio: boolean, video: boolean, screen?: true }

/** Another device took the place of one that was disconnected, or the chosen one could not be opened. */
export interface Switch {
  kind: MediaKind
  /** the name of the device in use now */
  using: string
  /** why the chosen one is not */
  problem?: DeviceProblem
}

const constraints = {
  audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  video: { facingMode: 'user', width: { ideal: 1280 }, height: { ideal: 720 } }
} as const satisfies Record<MediaKind, MediaTrackConstraints>

/** A device that ends sooner than this after it was opened, in ms, is not replaced: its successor might end as soon. */
const SHORT_LIFE = 2_000

/**
 * This person's camera and microphone. Both are requested together, and the call continues without either.
 * Turning the camera off stops it, so that its light goes out; the microphone stays open but muted, so that it
 * can resume at once.
 */
export class LocalMedia {
  readonly state: Record<MediaKind, DeviceState> = { audio: 'off', video: 'off' }
  /** the camera's stream, for the self-view; another one whenever the camera is opened or changed */
  preview: MediaStream | null = null
  readonly #tracks: Partial<Record<MediaKind, MediaStreamTrack>> = {}
  /** of each connection */
  readonly #senders = new Set<Senders>()
  /** Sent instead of the camera. */
  #screen: MediaStream | undefined
  /** The latest request for each kind that is still wanted. What any other request opens is released at once. */
  readonly #requests: Partial<Record<MediaKind, symbol>> = {}

  /**
   * @param preferred the ids of the devices to use, '' for any
   * @param changed called after every change
   */
  constructor (
    private readonly devices: Devices,
    private readonly preferred: () => Record<MediaKind, string>,
    private readonly changed: (switched?: Switch) => void
  ) {}

  /** Whether the browser has been asked for a device, and perhaps asks the person now. */
  get asking (): boolean {
    return MEDIA_KINDS.some(kind => this.#requests[kind] !== undefined)
  }

  get sharing (): boolean { return this.#screen !== undefined }

  /** The picture that goes to the others, for the self-view. */
  get picture (): MediaStream | null { return this.#screen ?? this.preview }

  /** What goes to the others. */
  get sent (): Sent {
    return { audio: this.state.audio === 'on', video: this.sharing || this.state.video === 'on', ...(this.sharing && { screen: true }) }
  }

  /** Sends the screen instead of the camera, which stays as it is; with undefined, the camera again. */
  showScreen (screen: MediaStream | undefined): void {
    this.#screen = screen
    this.#replaceTrack('video')
    this.changed()
  }

  track (kind: MediaKind): MediaStreamTrack | undefined {
    return this.#tracks[kind]
  }

  /** Opens the wanted devices. Never rejects: `state` shows what could not be opened. */
  async open (wanted: Partial<Record<MediaKind, boolean>>): Promise<void> {
    await this.#open(MEDIA_KINDS.filter(kind => wanted[kind] && this.#tracks[kind] === undefined && this.#requests[kind] === undefined))
  }

  async setEnabled (kind: MediaKind, on: boolean): Promise<void> {
    const track = this.#tracks[kind]
    if (on && track === undefined) return await this.open({ [kind]: true })
    if (!on && (track === undefined || kind === 'video')) {
      delete this.#requests[kind]
      this.#release(kind)
    }
    if (track !== undefined) {
      track.enabled = on
      this.state[kind] = on ? 'on' : 'off'
    }
    this.changed()
  }

  /** Changes to the device that the person has chosen, if one of this kind is open. Until another one is open, that one stays. */
  async change (kind: MediaKind): Promise<void> {
    await this.#change(kind, true)
  }

  /** A device was connected: it may be the preferred one. If it cannot be opened, nobody has to know. */
  plugged (): void {
    for (const kind of MEDIA_KINDS) if (this.#requests[kind] === undefined) void this.#change(kind, false)
  }

  /** Sends through these senders from now on, too. */
  attach (senders: Senders): void {
    this.#senders.add(senders)
    for (const kind of MEDIA_KINDS) this.#replaceTrack(kind)
  }

  detach (senders: Senders): void {
    this.#senders.delete(senders)
  }

  /** Releases both devices, so that no light stays on. */
  stop (): void {
    this.#senders.clear()
    for (const kind of MEDIA_KINDS) {
      delete this.#requests[kind]
      this.#release(kind)
      this.state[kind] = 'off'
    }
    this.changed()
  }

  async #open (kinds: MediaKind[]): Promise<void> {
    if (kinds.length === 0) return
    const request = Symbol('request')
    for (const kind of kinds) {
      this.#requests[kind] = request
      if (isProblem(this.state[kind])) this.state[kind] = 'off'
    }
    this.changed()
    const failure = await this.#openPreferred(kinds, request)
    // One of the two may still be available. After a denial, only the microphone is requested again.
    const rest = failure === 'denied' ? kinds.filter(kind => kind === 'audio') : kinds
    if (failure !== undefined && kinds.length > 1) for (const kind of rest) await this.#openPreferred([kind], request)
    this.#finish(kinds, request)
  }

  /** @returns why it failed; undefined if it did not, or is no longer wanted */
  async #openPreferred (kinds: MediaKind[], request: symbol): Promise<DeviceProblem | undefined> {
    const preferred = this.preferred()
    let failure = await this.#request(kinds, request, preferred)
    if (failure === 'unavailable' && kinds.some(kind => preferred[kind] !== '')) failure = await this.#requestAny(kinds, request)
    if (failure !== undefined) for (const kind of kinds) if (this.#requests[kind] === request) this.state[kind] = failure
    return failure
  }

  /** @param chosen the person waits for it, may miss the picture for a moment, and is told why it fails */
  async #change (kind: MediaKind, chosen: boolean): Promise<void> {
    const track = this.#tracks[kind]
    const preferred = this.preferred()
    if (track === undefined || preferred[kind] === '' || this.devices.of(kind).length === 0) return
    const { deviceId: before = '' } = track.getSettings()
    if (before === preferred[kind] && track.readyState === 'live') {
      // Whatever else was chosen meanwhile is no longer wanted.
      delete this.#requests[kind]
      return this.changed()
    }
    const request = this.#requests[kind] = Symbol('request')
    let problem = await this.#request([kind], request, preferred)
    if (problem === 'busy' && kind === 'video' && chosen) {
      // Many phones open only one camera at a time. The old one counts as open until this is decided.
      track.stop()
      problem = await this.#request([kind], request, preferred)
    }
    if (problem !== undefined && track.readyState === 'ended') {
      const lost = await this.#request([kind], request, { ...preferred, [kind]: before })
      if (lost !== undefined) {
        this.#release(kind)
        this.state[kind] = lost
      }
    }
    const using = this.#tracks[kind]?.label
    this.#finish([kind], request, chosen && problem !== undefined && using !== undefined ? { kind, using, problem } : undefined)
  }

  #finish (kinds: MediaKind[], request: symbol, switched?: Switch): void {
    for (const kind of kinds) if (this.#requests[kind] === request) delete this.#requests[kind]
    this.changed(switched)
    // Only now do browsers tell the names of devices.
    void this.devices.refresh()
  }

  /**
   * @param preferred the ids of the devices to use, '' for any
   * @returns why it failed; undefined if it did not, or is no longer wanted
   */
  async #request (all: MediaKind[], request: symbol, preferred: Record<MediaKind, string>): Promise<DeviceProblem | undefined> {
    const stillWanted = () => all.filter(kind => this.#requests[kind] === request)
    const kinds = stillWanted()
    if (kinds.length === 0) return undefined
    try {
      const stream = await navigator.mediaDevices.getUserMedia(Object.fromEntries(kinds.map(kind =>
        [kind, { ...constraints[kind], ...(preferred[kind] !== '' && { deviceId: { exact: preferred[kind] } }) }])))
      for (const track of stream.getTracks()) {
        const kind = track.kind as MediaKind
        if (this.#requests[kind] === request) this.#use(kind, track)
        else track.stop()
      }
      return undefined
    } catch (error) {
      return stillWanted().length === 0 ? undefined : problemOf(error)
    }
  }

  /** A preferred device is missing, or has another id today. */
  async #requestAny (kinds: MediaKind[], request: symbol): Promise<DeviceProblem | undefined> {
    const unknown = kinds.some(kind => this.devices.of(kind).length === 0)
    const failure = await this.#request(kinds, request, { audio: '', video: '' })
    // Now that devices have names, the preferred ones can be told.
    if (unknown) void this.devices.refresh().then(() => { for (const kind of kinds) void this.change(kind) })
    return failure
  }

  #use (kind: MediaKind, track: MediaStreamTrack): void {
    const before = this.#tracks[kind]
    track.enabled = before?.enabled ?? true
    this.#tracks[kind] = track
    if (kind === 'video') this.preview = new MediaStream([track])
    this.state[kind] = track.enabled ? 'on' : 'off'
    const opened = Date.now()
    track.addEventListener('ended', () => { void this.#onEnded(kind, track, Date.now() - opened < SHORT_LIFE) })
    this.#replaceTrack(kind)
    before?.stop()
  }

  /** The device was disconnected, or access to it revoked in the browser's settings. */
  async #onEnded (kind: MediaKind, track: MediaStreamTrack, short: boolean): Promise<void> {
    await this.devices.refresh()
    if (this.#tracks[kind] !== track) return
    // Without access, devices have no names, and nobody is to be asked again.
    if (!short && this.devices.of(kind).length > 0) {
      await this.#open([kind])
      const to = this.#tracks[kind]
      if (to !== undefined && to !== track) this.changed({ kind, using: to.label })
    }
    if (this.#tracks[kind] !== track) return
    const unavailable = !this.devices.any(kind)
    const { state: { [kind]: state } } = this
    this.#release(kind)
    if (state === 'on') this.state[kind] = unavailable ? 'unavailable' : short ? 'busy' : 'denied'
    this.changed()
  }

  #release (kind: MediaKind): void {
    this.#tracks[kind]?.stop()
    delete this.#tracks[kind]
    if (kind === 'video') this.preview = null
    if (this.state[kind] === 'on') this.state[kind] = 'off'
    this.#replaceTrack(kind)
  }

  #replaceTrack (kind: MediaKind): void {
    const [screen] = kind === 'video' ? this.#screen?.getVideoTracks() ?? [] : []
    for (const senders of this.#senders) {
      senders[kind]?.replaceTrack(screen ?? this.#tracks[kind] ?? null).catch(() => {
        // The connection is closed, and its senders with it.
      })
    }
  }
}

export function isProblem (state: DeviceState): state is DeviceProblem {
  return state !== 'on' && state !== 'off'
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
