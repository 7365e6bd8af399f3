import { LEVEL_EVERY, LevelMeter } from '../media/level.js'
import type { LocalMedia } from '../media/local-media.js'
import { LevelDisplay, MutedSpeech } from '../media/voice.js'
import { element } from '../ui/dom.js'
import type { PersonTile } from './person-tile.js'

/** How long the hint stays, in ms. */
const HINT_FOR = 8_000

/** Shows who speaks, and tells people who speak although their microphone is off. */
export class Voices {
  readonly #hint = element('muted-hint')
  readonly #meter = new LevelMeter()
  readonly #level = element('own-level')
  readonly #display = new LevelDisplay()
  readonly #mutedSpeech = new MutedSpeech()
  readonly #calm = matchMedia('(prefers-reduced-motion: reduce)')
  #timer: ReturnType<typeof setInterval> | undefined
  #hintTimer: ReturnType<typeof setTimeout> | undefined

  /** @param tiles everybody else in the call */
  constructor (private readonly media: LocalMedia, private readonly tiles: () => readonly PersonTile[], private readonly announce: (text: string) => void) {}

  /** @param inCall whether there is a call */
  during (inCall: boolean): void {
    if (inCall) {
      this.#timer ??= setInterval(() => { this.#measure() }, LEVEL_EVERY)
      return
    }
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#meter.follow(undefined)
    this.#showHint(false)
  }

  #measure (): void {
    // Even a page that nobody sees must not keep a microphone open that it no longer uses.
    this.#meter.follow(this.media.track('audio'))
    if (document.hidden) return
    const on = this.media.state.audio === 'on'
    const { matches: calm } = this.#calm
    const loudness = this.#display.next(this.#meter.level ?? 0, on && calm)
    const shown = String(on ? loudness : 0)
    if (this.#level.dataset['level'] !== shown) this.#level.dataset['level'] = shown
    for (const tile of this.tiles()) tile.measure(calm)
    // Alone, they speak to somebody else.
    if (this.#mutedSpeech.hear(!on && this.tiles().some(({ isConnected }) => isConnected), this.#display.level)) this.#showHint(true)
    else if (on && !this.#hint.hidden) this.#showHint(false)
  }

  #showHint (shown: boolean): void {
    clearTimeout(this.#hintTimer)
    this.#hint.hidden = !shown
    if (!shown) return
    this.#hintTimer = setTimeout(() => { this.#hint.hidden = true }, HINT_FOR)
    this.announce(this.#hint.textContent ?? '')
  }
}
