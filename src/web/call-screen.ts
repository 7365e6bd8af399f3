import { element, label, showText } from './dom.js'
import { InvitePanel } from './invite.js'
import type { Line } from './line.js'
import type { Kind, Media } from './media.js'
import { isOpen, type State } from './state.js'
import { absenceOf, deviceNotice, noticeOf, spokenCode, statusOf } from './words.js'

/** How long a word about one's own devices stays, ms. The buttons go on telling. */
const NOTICE = 10_000

export interface RoomFace {
  announce (words: string): void
  turn (kind: Kind, on: boolean): void
  leave (): void
}

/** The page during a call: the other person, one's own picture, the invite while nobody is there. */
export class Room {
  readonly #room = element('room')
  readonly #status = element('status')
  readonly #remote = element<HTMLVideoElement>('remote')
  readonly #self = element<HTMLVideoElement>('self')
  readonly #absence = element('no-picture')
  readonly #notice = element('notice')
  readonly #unmute = element('unmute')
  readonly #invite: InvitePanel
  #deviceNotice: string | undefined
  #stateNotice: string | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  /** What the other page says that it sends. */
  #sent: Record<Kind, boolean> = { audio: true, video: true }
  #talking = false

  constructor (private readonly media: Media, private readonly face: RoomFace) {
    this.#invite = new InvitePanel(words => { face.announce(words) })
    element('mic').addEventListener('click', () => { face.turn('audio', media.state.audio !== 'on') })
    element('camera').addEventListener('click', () => { face.turn('video', media.state.video !== 'on') })
    element('leave').addEventListener('click', () => { face.leave() })
    this.#unmute.addEventListener('click', () => { void this.#play() })
  }

  show (state: State): void {
    const shown = isOpen(state)
    const came = shown && this.#room.hidden
    this.#room.hidden = !shown
    if (!shown) this.#deviceNotice = undefined
    this.#status.textContent = statusOf(state)
    this.#invite.show(state.name === 'waiting' ? state.invite : undefined)

    const code = 'code' in state ? state.code : undefined
    element('code').hidden = code === undefined
    element('digits').textContent = code === undefined ? '' : spokenCode(code)

    this.#stateNotice = noticeOf(state)
    this.#showNotice()
    if (came) this.#status.focus()
  }

  /** The one who is in the call, or nobody. */
  talking (line: Line | undefined): void {
    this.#talking = line !== undefined
    this.#remote.srcObject = line?.remote ?? null
    this.sends({ audio: true, video: true })
    this.#unmute.hidden = true
    if (line !== undefined) void this.#play()
  }

  sends (sent: Record<Kind, boolean>): void {
    this.#sent = sent
    const absence = this.#talking ? absenceOf(sent) : undefined
    showText(this.#absence, absence)
    this.#absence.classList.toggle('aside', sent.video)
    this.#remote.classList.toggle('dark', !this.#talking || !this.#sent.video)
    if (absence !== undefined) this.face.announce(absence)
  }

  /** One's own devices have changed. */
  devices (): void {
    const { state, picture } = this.media
    label(element('mic'), state.audio === 'on' ? 'mic' : 'mic-off', state.audio === 'on' ? 'Mute' : nameOf(state.audio, 'Unmute', 'No mic'))
    label(element('camera'), state.video === 'on' ? 'camera' : 'camera-off', state.video === 'on' ? 'Stop video' : nameOf(state.video, 'Start video', 'No camera'))
    element('mic').classList.toggle('off', state.audio !== 'on')
    element('camera').classList.toggle('off', state.video !== 'on')
    this.#self.hidden = picture === null
    this.#self.srcObject = picture

    const notice = deviceNotice(state)
    if (notice === this.#deviceNotice) return
    this.#deviceNotice = notice
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#deviceNotice = undefined
      this.#showNotice()
    }, NOTICE)
    this.#showNotice()
    if (notice !== undefined) this.face.announce(notice)
  }

  #showNotice (): void {
    showText(this.#notice, this.#stateNotice ?? this.#deviceNotice)
  }

  /** Browsers may keep a page silent until it is touched. */
  async #play (): Promise<void> {
    try {
      await this.#remote.play()
      this.#unmute.hidden = true
    } catch (error) {
      this.#unmute.hidden = Object(error).name !== 'NotAllowedError'
    }
  }
}

function nameOf (state: string, off: string, none: string): string {
  return state === 'off' ? off : none
}
