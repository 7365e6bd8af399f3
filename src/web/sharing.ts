import { ActionButtons } from './action-buttons.js'
import { element } from './dom.js'
import type { LocalMedia } from './local-media.js'
import { canShareScreen, ScreenShare } from './screen-share.js'

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

  /** @param failed called if the screen cannot be shared though the person wants it */
  constructor (private readonly media: LocalMedia, private readonly failed: () => void) {
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

  stop (): void {
    this.#share.stop()
  }

  async #start (): Promise<void> {
    if (await this.#share.start()) this.failed()
  }

  #show (): void {
    const on = this.#share.stream !== undefined
    this.#buttons.set({ enabled: this.#possible, on })
    element('sharing').hidden = !on
  }
}
