import type { PageMessage } from './call/page-messages.js'
import type { RemotePage } from './call/remote-page.js'
import { isOpen, peopleIn, type State } from './call/state.js'
import { nameOf, presenceOf, spokenNews, titleOfPage, type Action } from './call/texts.js'
import { Chat } from './chat/chat.js'
import { DeviceChoice } from './devices/device-choice.js'
import { Preview } from './devices/preview.js'
import { Sharing } from './devices/sharing.js'
import { FileList } from './files/file-list.js'
import type { DeviceKind, MediaKind } from './media/device-kind.js'
import { Devices } from './media/devices.js'
import { LocalMedia, type Switch } from './media/local-media.js'
import { chime } from './media/sound.js'
import { playThrough } from './media/speaker.js'
import { Voices } from './people/voices.js'
import { CallScreen } from './screens/call-screen.js'
import { NameField } from './screens/name-field.js'
import { setUpShortcuts } from './screens/shortcuts.js'
import { StartScreen } from './screens/start-screen.js'
import { Preferences } from './storage/preferences.js'
import { SavedSession } from './storage/saved-session.js'
import { storageOf } from './storage/storage.js'
import { announcer, inSentences } from './ui/announcer.js'
import { element } from './ui/dom.js'
import { setUpMoreMenu } from './ui/popup.js'
import { keepScreenOn } from './ui/wake-lock.js'

/** What people do on the page that concerns the call. */
export interface PageActions {
  act (action: Action): void
  /** The codes that this person and another have are the same. */
  compared (id: string): void
  leave (): void
  /** @returns whether the text could be sent */
  write (text: string): boolean
  /** What the others get from this person may have changed. */
  devicesChanged (): void
}

/** This page as people see it: its views, this person's devices, and what is remembered. It knows no call, only its state. */
export class Page {
  readonly announce = announcer()
  readonly session = new SavedSession(storageOf('sessionStorage'))
  readonly preferences = new Preferences(storageOf('localStorage'))
  readonly #devices = new Devices(() => {
    this.#choice.update()
    playThrough(this.#preferredId('speaker'))
  }, () => { this.media.plugged() })

  readonly media = new LocalMedia(this.#devices, () => ({ audio: this.#preferredId('audio'), video: this.#preferredId('video') }), switched => {
    this.#callScreen.devices()
    this.preview.update()
    this.#choice.update()
    if (switched !== undefined) this.#tellSwitch(switched)
    this.actions.devicesChanged()
  })

  readonly #callScreen = new CallScreen(this.media, this.preferences, {
    announce: this.announce,
    setEnabled: (kind, on) => { this.#setEnabled(kind, on) },
    compared: id => { this.actions.compared(id) },
    leave: () => { this.actions.leave() }
  })

  readonly #sharing = new Sharing(this.media, text => { this.#callScreen.screen(text) })
  readonly #voices = new Voices(this.media, () => this.#callScreen.tiles, this.announce)
  readonly #startScreen = new StartScreen(action => { this.actions.act(action) })
  readonly preview = new Preview(this.media, this.session, this.announce)
  readonly #choice = new DeviceChoice(this.#devices, this.media, this.preferences, kind => {
    if (kind === 'speaker') return playThrough(this.#preferredId(kind))
    this.#tellSwitch(undefined)
    void this.media.change(kind)
  })

  readonly #nameField = new NameField(this.preferences, () => { element('start-primary').click() })
  readonly #chat = new Chat(text => this.actions.write(text), this.announce)
  readonly files = new FileList(this.announce, id => this.#nameAmongSeveral(id))
  /** Somebody has come while nobody was looking. */
  #arrived = false

  constructor (private state: State, private readonly actions: PageActions) {
    setUpMoreMenu()
    setUpShortcuts(this.preferences)
    document.addEventListener('visibilitychange', () => {
      this.#arrived = false
      this.#showTitle()
    })
    for (const event of ['online', 'offline']) addEventListener(event, () => { this.#callScreen.show(this.state) })
  }

  show (state: State): void {
    const before = this.state
    this.state = state
    document.body.dataset['state'] = state.name
    if (isOpen(state) && !isOpen(before)) this.#chat.clear()
    const newcomer = peopleIn(state).find(({ id }) => !peopleIn(before).some(person => person.id === id))
    // A guest finds others in the call when it comes.
    if (newcomer !== undefined) this.#onArrival(state.role === 'host' || ('came' in state && state.came?.id === newcomer.id))
    this.#showTitle()
    this.#startScreen.show(state)
    this.#nameField.show(state)
    this.preview.show(state)
    this.#callScreen.show(state)
    this.#choice.show(state)
    this.files.show(isOpen(state))
    keepScreenOn(isOpen(state))
    const presence = presenceOf(state)
    this.#chat.presence(presence, peopleIn(state))
    this.#sharing.allow(presence !== 'nobody')
    this.#voices.during(isOpen(state))
    if (isOpen(state) && !isOpen(before)) this.#callScreen.devices()
    if (!isOpen(state) && state.name !== 'ready') this.media.stop()
    const news = spokenNews(before, state)
    if (news.length > 0) this.announce(inSentences(news))
  }

  /** Shows what somebody's page sends, or that it is gone. */
  connectedTo (id: string, remotePage: RemotePage | undefined): void {
    if (remotePage !== undefined && presenceOf(this.state) === 'away') this.#sharing.replaced()
    this.#callScreen.connectedTo(id, remotePage)
    playThrough(this.#preferredId('speaker'))
    this.files.connectedTo(id, remotePage?.files)
  }

  received (id: string, message: Extract<PageMessage, { type: 'chat' | 'media' }>): void {
    if (message.type === 'chat') this.#chat.received(message.text, this.#nameAmongSeveral(id))
    else this.#callScreen.sends(id, message)
  }

  /** Undefined if nobody else is in the call: then it is clear who it is. */
  #nameAmongSeveral (id: string): string | undefined {
    const people = peopleIn(this.state)
    const person = people.find(person => person.id === id)
    return person === undefined || people.length === 1 ? undefined : nameOf(person, false)
  }

  #onArrival (audible: boolean): void {
    this.#arrived = document.hidden
    if (audible && this.preferences.data.chime) void chime(this.#preferredId('speaker'))
  }

  #showTitle (): void {
    document.title = titleOfPage(this.state, this.#arrived)
  }

  #setEnabled (kind: MediaKind, on: boolean): void {
    this.session.update({ [kind]: on })
    void this.media.setEnabled(kind, on)
  }

  #preferredId (kind: DeviceKind): string {
    return this.#devices.idOf(kind, this.preferences.data.devices[kind])
  }

  #tellSwitch (switched: Switch | undefined): void {
    this.#callScreen.switched(switched)
    this.preview.switched(switched)
  }
}
