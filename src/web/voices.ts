import { element } from './dom.js'
import type { LocalMedia } from './local-media.js'
import { audible, followLevel } from './level.js'
import type { RemotePage } from './remote-page.js'
import { Meter, MutedSpeech } from './voice.js'

/** How often the voices are measured, in ms. */
const EVERY = 100

/** How long the hint stays, in ms. */
const HINT_FOR = 8_000

/** Shows who speaks, and tells people who speak although their microphone is off. */
export class Voices {
  readonly #hint = element('muted-hint')
  #followed: MediaStreamTrack | undefined
  #unfollow: (() => void) | undefined
  #ownLevel = 0
  readonly #meters = { own: new Meter(), their: new Meter() }
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
      this.#timer ??= setInterval(() => { this.#measure() }, EVERY)
      return
    }
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#follow(undefined)
    this.#showHint(false)
  }

  #measure (): void {
    if (document.hidden) return
    this.#follow(this.media.track('audio'))
    const on = this.media.state.audio === 'on'
    this.#show('own', on ? this.#ownLevel : 0)
    this.#show('their', audible(this.#remotePage?.amplitude ?? 0))
    // Alone, they speak to somebody else.
    if (this.#mutedSpeech.hear(!on && this.#remotePage !== undefined, this.#ownLevel)) this.#showHint(true)
    else if (on && !this.#hint.hidden) this.#showHint(false)
  }

  /** Measures a copy of the microphone's track, which is not muted. What is measured stays here. */
  #follow (track: MediaStreamTrack | undefined): void {
    if (track === this.#followed) return
    this.#unfollow?.()
    this.#followed = track
    this.#ownLevel = 0
    const copy = track?.clone()
    if (copy === undefined) {
      this.#unfollow = undefined
      return
    }
    copy.enabled = true
    const unfollow = followLevel(copy, level => { this.#ownLevel = level ?? 0 })
    this.#unfollow = () => {
      unfollow()
      // It would keep the microphone open.
      copy.stop()
    }
  }

  #show (whose: 'own' | 'their', level: number): void {
    const { dataset } = element(`${whose}-level`)
    const shown = String(this.#meters[whose].next(level, this.#calm.matches))
    if (dataset['level'] !== shown) dataset['level'] = shown
  }

  #showHint (shown: boolean): void {
    clearTimeout(this.#hintTimer)
    this.#hint.hidden = !shown
    if (!shown) return
    this.#hintTimer = setTimeout(() => { this.#hint.hidden = true }, HINT_FOR)
    this.announce(this.#hint.textContent ?? '')
  }
}
