import { element, setToggle, showText } from './dom.js'
import { InvitePanel } from './invite-panel.js'
import type { RemotePage } from './remote-page.js'
import type { MediaKind, LocalMedia } from './local-media.js'
import { isOpen, type State } from './state.js'
import { absenceOf, compareText, deviceNotice, noticeOf, spokenCode, statusOf } from './texts.js'

export interface CallScreenActions {
  announce (text: string): void
  setEnabled (kind: MediaKind, on: boolean): void
  /** The codes are the same. */
  compared (): void
  leave (): void
}

/** The page during a call: the other person, the self-view, and the invite while nobody else is there. */
export class CallScreen {
  readonly #screen = element('call-screen')
  readonly #status = element('status')
  readonly #remote = element<HTMLVideoElement>('remote')
  readonly #self = element<HTMLVideoElement>('self')
  readonly #absence = element('no-picture')
  readonly #notice = element('notice')
  readonly #unmute = element('unmute')
  readonly #invite: InvitePanel
  #deviceNotice: string | undefined
  readonly #dismissed = new Set<string>()
  #stateNotice: string | undefined
  /** What the other page says it is sending. */
  #sent: Record<MediaKind, boolean> = { audio: true, video: true }
  #connected = false

  constructor (private readonly media: LocalMedia, private readonly actions: CallScreenActions) {
    this.#invite = new InvitePanel(text => { actions.announce(text) })
    element('mic').addEventListener('click', () => { actions.setEnabled('audio', media.state.audio !== 'on') })
    element('camera').addEventListener('click', () => { actions.setEnabled('video', media.state.video !== 'on') })
    element('dismiss').addEventListener('click', () => { this.#dismiss() })
    element('matches').addEventListener('click', () => {
      actions.compared()
      element('code').querySelector('summary')?.focus()
    })
    element('leave').addEventListener('click', () => { actions.leave() })
    this.#unmute.addEventListener('click', () => { void this.#play() })
  }

  show (state: State): void {
    const shown = isOpen(state)
    const came = shown && this.#screen.hidden
    this.#screen.hidden = !shown
    if (!shown) this.#deviceNotice = undefined
    this.#status.textContent = statusOf(state)
    this.#invite.show(state.name === 'waiting' ? state.invite : undefined)

    const code = 'code' in state ? state.code : undefined
    element('code').hidden = code === undefined
    element('digits').textContent = code === undefined ? '' : spokenCode(code)
    const compare = compareText(state)
    element('compare').hidden = compare === undefined
    element('compare-text').textContent = compare ?? ''
    element('compared').hidden = !('compared' in state)

    const stateNotice = noticeOf(state)
    if (stateNotice !== this.#stateNotice) this.#dismissed.clear()
    this.#stateNotice = stateNotice
    this.#showNotice()
    if (came) this.#status.focus()
  }

  /** Shows the other page's media, or nothing. */
  connectedTo (remotePage: RemotePage | undefined): void {
    this.#connected = remotePage !== undefined
    this.#remote.srcObject = remotePage?.stream ?? null
    this.sends({ audio: true, video: true })
    this.#unmute.hidden = true
    if (remotePage !== undefined) void this.#play()
  }

  sends (sent: Record<MediaKind, boolean>): void {
    this.#sent = sent
    const absence = this.#connected ? absenceOf(sent) : undefined
    showText(this.#absence, absence)
    this.#absence.classList.toggle('badge', sent.video)
    this.#remote.classList.toggle('dark', !this.#connected || !this.#sent.video)
    if (absence !== undefined) this.actions.announce(absence)
  }

  /** Shows the state of this person's devices. */
  devices (): void {
    const { state, preview } = this.media
    setToggle(element('mic'), 'mic', state.audio === 'on')
    setToggle(element('camera'), 'camera', state.video === 'on')
    this.#self.hidden = preview === null
    this.#self.srcObject = preview

    const notice = deviceNotice(state)
    if (notice === this.#deviceNotice) return
    if (notice === undefined) this.#dismissed.clear()
    this.#deviceNotice = notice
    this.#showNotice()
    if (notice !== undefined) this.actions.announce(notice)
  }

  /** Shows what has not been dismissed yet. */
  #showNotice (): void {
    const text = [this.#stateNotice, this.#deviceNotice].find(text => text !== undefined && !this.#dismissed.has(text))
    element('notice-text').textContent = text ?? ''
    this.#notice.hidden = text === undefined
  }

  #dismiss (): void {
    this.#dismissed.add(element('notice-text').textContent ?? '')
    this.#showNotice()
    this.#status.focus()
  }

  /** Browsers may block sound until the person interacts with the page. */
  async #play (): Promise<void> {
    try {
      await this.#remote.play()
      this.#unmute.hidden = true
    } catch (error) {
      this.#unmute.hidden = Object(error).name !== 'NotAllowedError'
    }
  }
}
