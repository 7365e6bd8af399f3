import { element } from './dom.js'
import type { LocalMedia } from './local-media.js'
import { audible, LEVEL_EVERY, LevelMeter } from './level.js'
import type { RemotePage } from './remote-page.js'
import { LevelDisplay, MutedSpeech, type Loudness } from './voice.js'

/** How long the hint stays, in ms. */
const HINT_FOR = 8_000

/** Shows who speaks, and tells people who speak although their microphone is off. */
export class Voices {
  readonly #hint = element('muted-hint')
  readonly #meter = new LevelMeter()
  readonly #displays = { own: new LevelDisplay(), their: new LevelDisplay() }
  readonly #mutedSpeech = new MutedSpeech()
  readonly #calm = matchMedia('(prefers-reduced-motion: reduce)')
  #remotePage: RemotePage | undefined
  #timer: ReturnType<typeof setInterval> | undefined
  #hintTimer: ReturnType<typeof setTimeout> | undefined

  constructor (private readonly media: LocalMedia, private readonly announce: (text: string) => void) {}

  /** Who is in the call; undefined if there is none. */
  during (call: { remotePage: RemotePage | undefined } | undefined): void {
    this.#remotePage = call?.remotePage
    if (call !== undefined) {
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
    const { own, their } = this.#displays
    const loudness = own.next(this.#meter.level ?? 0, on && this.#calm.matches)
    show('own', on ? loudness : 0)
    show('their', their.next(audible(this.#remotePage?.amplitude ?? 0), this.#calm.matches))
    // Alone, they speak to somebody else.
    if (this.#mutedSpeech.hear(!on && this.#remotePage !== undefined, own.level)) this.#showHint(true)
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

function show (whose: 'own' | 'their', loudness: Loudness): void {
  const { dataset } = element(`${whose}-level`)
  const shown = String(loudness)
  if (dataset['level'] !== shown) dataset['level'] = shown
}
