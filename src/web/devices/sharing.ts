import type { LocalMedia } from '../media/local-media.js'
import { canShareScreen, ScreenShare } from '../media/screen-share.js'
import { ActionButtons } from '../ui/action-buttons.js'
import { element } from '../ui/dom.js'
import { screenProblem, screenStopped, screenWithheld } from './device-texts.js'

/** The buttons that share the screen, and the sign that it is shared. */
export class Sharing {
  readonly #buttons = new ActionButtons('screen', () => {
    if (this.#share.stream === undefined) void this.#start()
    else this.stop()
  })

  readonly #share = new ScreenShare(() => {
    this.media.showScreen(this.#share.stream)
    this.#show()
  })

  #possible = false

  /** @param tell says why the screen is not shared though the person wants it; with undefined, nothing any more */
  constructor (private readonly media: LocalMedia, private readonly tell: (text: string | undefined) => void) {
    if (canShareScreen()) this.#buttons.offer()
    element('stop-sharing').addEventListener('click', () => { this.stop() })
    this.#show()
  }

  /** A screen is shared with the one who is there, not with whoever comes next. */
  allow (possible: boolean): void {
    this.#possible = possible
    if (!possible) this.stop()
    this.#show()
  }

  /** Another page has taken the place of a lost one. It may be somebody else's, so the person decides again. */
  replaced (): void {
    const { stream, wanted } = this.#share
    if (!wanted) return
    this.stop()
    this.tell(stream === undefined ? screenWithheld : screenStopped)
  }

  stop (): void {
    this.#share.stop()
  }

  async #start (): Promise<void> {
    this.tell(undefined)
    if (await this.#share.start()) this.tell(screenProblem)
  }

  #show (): void {
    const on = this.#share.stream !== undefined
    this.#buttons.set({ enabled: this.#possible, on })
    element('sharing').hidden = !on
  }
}
