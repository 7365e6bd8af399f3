import { BreakView } from './break-view.js'
import type { MediaKind } from './device-kind.js'
import { element, setToggle, showText } from './dom.js'
import { InvitePanel } from './invite-panel.js'
import type { Sent } from './page-messages.js'
import { PictureView } from './picture-view.js'
import type { Preferences } from './preferences.js'
import type { RemotePage } from './remote-page.js'
import type { LocalMedia, Switch } from './local-media.js'
import { Notices, type Notice } from './notices.js'
import { isOpen, type State } from './state.js'
import { absenceOf, compareText, deviceNotice, noticeOf, progressText, spokenCode, statusOf, switchText } from './texts.js'

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
  readonly #notices = new Notices(['screen', 'state', 'devices', 'switch'])
  readonly #unmute = element('unmute')
  readonly #invite: InvitePanel
  readonly #picture: PictureView
  readonly #break = new BreakView()
  #deviceNotice: string | undefined
  /** What the other page says it is sending. */
  #sent: Sent = { audio: true, video: true }
  #connected = false

  constructor (private readonly media: LocalMedia, preferences: Preferences, private readonly actions: CallScreenActions) {
    this.#picture = new PictureView(preferences)
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
    if (!shown) this.#picture.leave()
    this.#break.show(state)
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
    showText(element('progress'), progressText(state))
    const person = 'code' in state ? state.person : undefined
    showText(element('their-name'), person)
    this.#remote.setAttribute('aria-label', person ?? 'The other person')
    if (came || !shown) {
      for (const source of ['screen', 'switch']) this.#tell(source, undefined)
      this.#showDeviceNotice()
    }
    if (came) this.#status.focus()
  }

  /** Shows the other page's media, or nothing. */
  connectedTo (remotePage: RemotePage | undefined): void {
    this.#connected = remotePage !== undefined
    this.#remote.srcObject = remotePage?.stream ?? null
    // What the page before sent, and its last picture, say nothing about this one.
    this.sends({ audio: true, video: true })
    this.#break.forget()
    this.#unmute.hidden = true
    if (remotePage !== undefined) void this.#play()
  }

  sends (sent: Sent): void {
    const before = this.#sent
    this.#sent = sent
    const absence = this.#connected ? absenceOf(sent) : undefined
    const changed = absence !== undefined && absence !== this.#absence.textContent
    showText(this.#absence, absence)
    this.#absence.classList.toggle('pill', sent.video)
    this.#remote.classList.toggle('dark', !this.#connected || !sent.video)
    this.#picture.shows(!this.#connected || !sent.video ? 'nothing' : sent.screen ? 'screen' : 'camera')
    if (changed) this.actions.announce(absence)
    else if (sent.screen && !before.screen) this.actions.announce('The other person is sharing their screen')
  }

  /** Shows the state of this person's devices. */
  devices (): void {
    const { state, picture, sharing } = this.media
    setToggle(element('mic'), 'mic', state.audio === 'on')
    setToggle(element('camera'), 'camera', state.video === 'on')
    this.#self.hidden = picture === null
    if (this.#self.srcObject !== picture) this.#self.srcObject = picture
    this.#self.classList.toggle('screen', sharing)
    this.#showDeviceNotice()
  }

  /** A different device is in use than before, or than the one chosen; undefined if that no longer applies. */
  switched (to: Switch | undefined): void {
    this.#tell('switch', undefined)
    if (to === undefined || this.#screen.hidden) return
    this.#tell('switch', { about: 'switch', text: switchText(to) })
    this.actions.announce(switchText(to))
  }

  /** Why the screen is not shared though the person wants it; undefined if there is nothing to say. */
  screen (text: string | undefined): void {
    this.#tell('screen', undefined)
    if (text === undefined) return
    this.#tell('screen', { about: 'screen', text })
    this.actions.announce(text)
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
