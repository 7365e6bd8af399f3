import type { RemotePage } from '../call/remote-page.js'
import { isOpen, type State } from '../call/state.js'
import { leaveHint, noticeOf, progressText, statusOf } from '../call/texts.js'
import { deviceNotice, switchText } from '../devices/device-texts.js'
import type { MediaKind } from '../media/device-kind.js'
import type { LocalMedia, Sent, Switch } from '../media/local-media.js'
import { PeopleView } from '../people/people-view.js'
import type { PersonTile } from '../people/person-tile.js'
import type { Preferences } from '../storage/preferences.js'
import { element, setToggle, showText } from '../ui/dom.js'
import { Notices, type Notice } from '../ui/notices.js'
import { CodePanel } from './code-panel.js'
import { InvitePanel } from './invite-panel.js'

/** How long a notice stays that asks for nothing, in ms. */
const BRIEF = 8_000

export interface CallScreenActions {
  announce (text: string): void
  setEnabled (kind: MediaKind, on: boolean): void
  /** The codes are the same. */
  compared (id: string): void
  leave (): void
}

/** The page during a call: the other person, the self-view, and the invite while nobody else is there. */
export class CallScreen {
  readonly #screen = element('call-screen')
  readonly #status = element('status')
  readonly #self = element<HTMLVideoElement>('self')
  readonly #notice = element('notice')
  /** Asks whoever ends more than their own part in the call. */
  readonly #leaving = element<HTMLDialogElement>('leave-dialog')
  readonly #leaveHint = element('leave-hint')
  readonly #notices = new Notices(['screen', 'state', 'devices', 'switch'])
  readonly #invite: InvitePanel
  readonly #codes: CodePanel
  readonly #people: PeopleView
  #deviceNotice: string | undefined
  #briefTimer: ReturnType<typeof setTimeout> | undefined
  /** what the timer is for */
  #brief: string | undefined

  constructor (private readonly media: LocalMedia, preferences: Preferences, private readonly actions: CallScreenActions) {
    this.#people = new PeopleView(preferences, text => { actions.announce(text) })
    this.#codes = new CodePanel(id => { actions.compared(id) })
    this.#invite = new InvitePanel(text => { actions.announce(text) })
    element('mic').addEventListener('click', () => { actions.setEnabled('audio', media.state.audio !== 'on') })
    element('camera').addEventListener('click', () => { actions.setEnabled('video', media.state.video !== 'on') })
    element('dismiss').addEventListener('click', () => { this.#dismiss() })
    element('leave').addEventListener('click', () => {
      if (this.#leaveHint.textContent === '') return actions.leave()
      this.#leaving.returnValue = ''
      this.#leaving.showModal()
    })
    this.#leaving.addEventListener('close', () => { if (this.#leaving.returnValue === 'leave') actions.leave() })
  }

  show (state: State): void {
    const shown = isOpen(state)
    const came = shown && this.#screen.hidden
    this.#screen.hidden = !shown
    if (!shown) this.#people.leave()
    this.#people.show(state)
    this.#status.textContent = statusOf(state)
    this.#invite.show(state)
    this.#codes.show(state)
    this.#tell('state', noticeOf(state))
    showText(element('progress'), progressText(state))
    this.#leaveHint.textContent = leaveHint(state)
    if (leaveHint(state) === '') this.#leaving.close()
    if (came || !shown) {
      for (const source of ['screen', 'switch']) this.#tell(source, undefined)
      this.#showDeviceNotice()
    }
    if (came) this.#status.focus()
  }

  /** Everybody else in the call. */
  get tiles (): readonly PersonTile[] { return this.#people.tiles }

  /** Shows somebody's media, or that they are gone. */
  connectedTo (id: string, remotePage: RemotePage | undefined): void {
    this.#people.connectedTo(id, remotePage)
  }

  sends (id: string, sent: Sent): void {
    this.#people.sends(id, sent)
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
    const brief = notice?.brief && notice.about
    if (source !== 'state' || brief === this.#brief) return
    this.#brief = brief
    clearTimeout(this.#briefTimer)
    if (brief === undefined) return
    this.#briefTimer = setTimeout(() => {
      this.#notices.dismiss(source)
      this.#showNotice()
    }, BRIEF)
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
}
