import type { RemotePage } from '../call/remote-page.js'
import type { Person } from '../call/state.js'
import { absenceOf, nameOf, newsOf } from '../call/texts.js'
import { audible } from '../media/level.js'
import type { Sent } from '../media/local-media.js'
import { LevelDisplay } from '../media/voice.js'
import { element, part, showText } from '../ui/dom.js'
import { BreakView } from './break-view.js'
import { latest } from './latest.js'
import type { Fit } from './picture-fit.js'

/** How often the page shows a change in what somebody sends, in ms. */
const SENT_EVERY = 200

/** Somebody else in the call: their picture, their name, whether they speak, and what is missing. */
export class PersonTile {
  readonly element = element<HTMLTemplateElement>('person').content.firstElementChild!.cloneNode(true) as HTMLElement
  readonly video = part<HTMLVideoElement>(this.element, 'remote')
  readonly #absence = part(this.element, 'no-picture')
  readonly #level = part(this.element, 'their-level')
  readonly #break = new BreakView(this.element)
  readonly #display = new LevelDisplay()
  /** Whether the browser has refused to play it. */
  blocked = false
  #remotePage: RemotePage | undefined
  #person: Person | undefined
  #alone = true
  /** What the other page says it is sending. */
  #sent: Sent = { audio: true, video: true }
  #sends: (sent: Sent) => void = () => {}
  /** What was last announced as missing. */
  #absenceTold: string | undefined

  /** @param changed called when something else is sent than before */
  constructor (private readonly announce: (text: string) => void, private readonly changed: () => void) {}

  get shown (): 'nothing' | 'camera' | 'screen' {
    return !this.#sent.video ? 'nothing' : this.#sent.screen ? 'screen' : 'camera'
  }

  get isConnected (): boolean {
    return this.#person?.broken === undefined
  }

  connectedTo (remotePage: RemotePage): void {
    this.#remotePage = remotePage
    this.video.srcObject = remotePage.stream
    // What the page before sent, and its last picture, say nothing about this one.
    this.#sends = latest(SENT_EVERY, sent => { if (this.#remotePage === remotePage) this.#show(sent) })
    this.#show({ audio: true, video: true })
    this.#break.forget()
  }

  async play (): Promise<void> {
    try {
      await this.video.play()
      this.blocked = false
    } catch (error) {
      this.blocked = Object(error).name === 'NotAllowedError'
    }
  }

  sends (sent: Sent): void {
    this.#sends(sent)
  }

  /** @param alone whether nobody else is in the call */
  show (person: Person, alone: boolean): void {
    this.#person = person
    this.#alone = alone
    this.#break.show(person.broken, alone)
    const name = nameOf(person, alone)
    showText(part(this.element, 'their-name'), alone ? person.name : name)
    this.#showAbsence()
    this.video.setAttribute('aria-label', name)
    this.element.setAttribute('aria-label', name)
  }

  /** @param calm whether the meter shows only that they speak */
  measure (calm: boolean): void {
    const amplitude = this.isConnected ? this.#remotePage?.amplitude ?? 0 : 0
    const shown = String(this.#display.next(audible(amplitude), calm))
    if (this.#level.dataset['level'] !== shown) this.#level.dataset['level'] = shown
  }

  fit (fit: Fit): void {
    this.video.classList.toggle('whole', fit === 'fit')
  }

  remove (): void {
    this.#remotePage = undefined
    this.video.srcObject = null
    this.#break.show(undefined, true)
    this.element.remove()
  }

  /** With several people in the call, a sign beside the name says that the microphone is off. */
  #showAbsence (): void {
    const { audio, video } = this.#sent
    showText(this.#absence, absenceOf({ audio: audio || !this.#alone, video }))
    this.#absence.classList.toggle('pill', video)
  }

  #show (sent: Sent): void {
    const before = this.#sent
    this.#sent = sent
    const absence = absenceOf(sent)
    const missing = absence !== undefined && absence !== this.#absenceTold
    this.#absenceTold = absence
    this.#showAbsence()
    this.video.classList.toggle('dark', !sent.video)
    part(this.element, 'muted').toggleAttribute('hidden', sent.audio)
    const name = this.#person === undefined || this.#alone ? undefined : nameOf(this.#person, false)
    if (missing) this.announce(newsOf(absence, name))
    else if (sent.screen && !before.screen) this.announce(`${name ?? 'The other person'} is sharing their screen`)
    this.changed()
  }
}
