import type { State } from '../call/state.js'
import { MEDIA_KINDS, type MediaKind } from '../media/device-kind.js'
import { LEVEL_EVERY, LevelMeter } from '../media/level.js'
import { isProblem, type LocalMedia, type Switch } from '../media/local-media.js'
import { LevelDisplay } from '../media/voice.js'
import type { SavedSession } from '../storage/saved-session.js'
import { element, showText } from '../ui/dom.js'
import { deviceNotice, mirrorText, switchText } from './device-texts.js'

/**
 * The mirror on the start screen: what others will see, and how loud this person is. Nothing is opened before the person
 * asks for it, unless the browser has its permission already.
 */
export class Preview {
  readonly #mirror = element<HTMLVideoElement>('mirror')
  readonly #check = element('check')
  readonly #level = element('level')
  #allowed = false
  /** The devices follow the switches. Before, these only say what a call starts with. */
  #live = false
  #shown = false
  #notice: string | undefined
  #switched: string | undefined
  readonly #meter = new LevelMeter()
  readonly #display = new LevelDisplay()
  readonly #calm = matchMedia('(prefers-reduced-motion: reduce)')
  #timer: ReturnType<typeof setInterval> | undefined

  constructor (
    private readonly media: LocalMedia,
    private readonly session: SavedSession,
    private readonly announce: (text: string) => void
  ) {
    for (const kind of MEDIA_KINDS) {
      const wanted = element<HTMLInputElement>(`want-${kind}`)
      wanted.checked = session.data[kind]
      wanted.addEventListener('change', () => {
        session.update({ [kind]: wanted.checked })
        if (this.#live) void media.setEnabled(kind, wanted.checked)
        this.update()
      })
    }
    this.#check.addEventListener('click', () => { this.#open() })
  }

  /** From now on the person may turn on the devices: the invite, if there is one, leads to a call. */
  async allow (): Promise<void> {
    this.#allowed = true
    this.update()
    const wanted = MEDIA_KINDS.filter(kind => this.session.data[kind])
    const granted = await Promise.all(wanted.map(isGranted))
    if (this.#shown && !this.#live && granted.length > 0 && granted.every(Boolean)) this.#open()
  }

  show (state: State): void {
    this.#shown = state.name === 'ready'
    element('preview').hidden = !this.#shown
    this.update()
  }

  /** Shows the devices as they are now. */
  update (): void {
    const { state, preview, asking } = this.media
    const { data } = this.session
    if (!this.#shown) {
      this.#live = false
      this.#switched = undefined
    }
    const wanted = MEDIA_KINDS.filter(kind => data[kind])
    const failed = wanted.filter(kind => this.#live && isProblem(state[kind]))
    const problem = failed.length > 0
    for (const kind of MEDIA_KINDS) element<HTMLInputElement>(`want-${kind}`).indeterminate = failed.includes(kind)

    const stream = this.#shown ? preview : null
    this.#mirror.hidden = stream === null
    if (this.#mirror.srcObject !== stream) this.#mirror.srcObject = stream

    this.#check.hidden = !this.#allowed || asking || wanted.length === 0 || (this.#live && !problem)
    this.#check.textContent = problem ? 'Try again' : 'Turn on now'
    const notice = this.#shown && this.#live && !asking ? deviceNotice(state, 'before')?.text ?? this.#switched : undefined
    if (notice !== undefined && notice !== this.#notice) this.announce(notice)
    this.#notice = notice
    // Without a picture, the mirror says why.
    const inMirror = stream === null && this.#live && isProblem(state.video) && !asking
    showText(element('mirror-text'), stream !== null ? undefined : inMirror ? notice : mirrorText(this.#live, asking))
    showText(element('preview-note'), inMirror ? undefined : notice)
    this.#followLevel(this.#shown && state.audio === 'on' ? this.media.track('audio') : undefined)
  }

  /** A different device is in use than before, or than the one chosen; undefined if that no longer applies. */
  switched (to: Switch | undefined): void {
    this.#switched = to && switchText(to)
    this.update()
  }

  #open (): void {
    this.#live = true
    void this.media.open(this.session.data)
    this.update()
  }

  #followLevel (track: MediaStreamTrack | undefined): void {
    this.#meter.follow(track)
    if (track !== undefined) {
      this.#timer ??= setInterval(() => { this.#showLevel() }, LEVEL_EVERY)
      return
    }
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#level.hidden = true
  }

  #showLevel (): void {
    const { level } = this.#meter
    const loudness = this.#display.next(level ?? 0, this.#calm.matches)
    const shown = this.#calm.matches ? loudness / 3 : this.#display.level
    this.#level.hidden = level === undefined
    this.#level.setAttribute('aria-valuenow', String(Math.round(shown * 100)))
    this.#level.style.setProperty('--level', String(shown))
  }
}

/** Whether the browser would open the device without asking. Not all of them tell. */
async function isGranted (kind: MediaKind): Promise<boolean> {
  try {
    const { state } = await navigator.permissions.query({ name: kind === 'audio' ? 'microphone' : 'camera' })
    return state === 'granted'
  } catch {
    return false
  }
}
