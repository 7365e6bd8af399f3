import { element, setToggle, showText } from './dom.js'
import { InvitePanel } from './invite-panel.js'
import type { RemotePage } from './remote-page.js'
import type { MediaKind, LocalMedia, Switch } from './local-media.js'
import { Notices, type Notice } from './notices.js'
import { isOpen, type State } from './state.js'
import { absenceOf, compareText, deviceNotice, noticeOf, spokenCode, statusOf, switchText } from './texts.js'

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
  readonly #notices = new Notices(['state', 'devices', 'switch'])
  readonly #unmute = element('unmute')
  readonly #invite: InvitePanel
  #deviceNotice: string | undefined
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
    this.#status.textContent = statusOf(state)
    this.#invite.show(state.name === 'waiting' ? state.invite : undefined)

    const code = 'code' in state ? state.code : undefined
    element('code').hidden = code === undefined
    element('digits').textContent = code === undefined ? '' : spokenCode(code)
    const compare = compareText(state)
    element('compare').hidden = compare === undefined
    element('compare-text').textContent = compare ?? ''
    element('compared').hidden = !('compared' in state)

    this.#tell('state', noticeOf(state))
    const person = 'code' in state ? state.person : undefined
    showText(element('their-name'), person)
    this.#remote.setAttribute('aria-label', person ?? 'The other person')
    if (came || !shown) {
      this.#tell('switch', undefined)
      this.#showDeviceNotice()
    }
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
    if (this.#self.srcObject !== preview) this.#self.srcObject = preview
    this.#showDeviceNotice()
  }

  /** Another device has taken the place of one that was disconnected. */
  switched (to: Switch): void {
    if (this.#screen.hidden) return
    this.#tell('switch', { about: `${to.kind} ${to.to}`, text: switchText(to) })
    this.actions.announce(switchText(to))
  }

  /** Before a call, the start screen tells it. */
  #showDeviceNotice (): void {
    const { state } = this.media
    const notice = this.#screen.hidden ? undefined : deviceNotice(state)
    this.#tell('devices', notice)
    if (notice !== undefined && notice.text !== this.#deviceNotice) this.actions.announce(notice.text)
    this.#deviceNotice = notice?.text
  }

  #tell (source: string, notice: Notice | undefined): void {
    this.#notices.set(source, notice)
    this.#showNotice()
  }

  #showNotice (): void {
    showText(element('notice-text'), this.#notices.shown)
    this.#notice.hidden = this.#notices.shown === undefined
  }

  #dismiss (): void {
    this.#notices.dismiss()
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
