import { ActionButtons } from './action-buttons.js'
import { element } from './dom.js'
import { naturalFit, type Fit } from './picture-fit.js'
import type { Preferences } from './preferences.js'

/** How long the bars stay on a full screen while nothing happens, in ms. */
const IDLE_AFTER = 3_000

/** How the other person's picture is shown: on the full screen, in a window of its own, whole or filling the stage. */
export class PictureView {
  readonly #stage = element('stage')
  readonly #video = element<HTMLVideoElement>('remote')
  readonly #fill = new ActionButtons('fill', () => {
    this.preferences.update({ fit: this.#fit() === 'fill' ? 'fit' : 'fill' })
    this.#show()
  })

  readonly #fullScreen = new ActionButtons('fullScreen', () => { this.#toggleFullScreen().catch(() => {}) })
  readonly #inset = new ActionButtons('inset', () => { this.#toggleInset().catch(() => {}) })
  #shown: 'nothing' | 'camera' | 'screen' = 'nothing'
  #idleTimer: ReturnType<typeof setTimeout> | undefined

  constructor (private readonly preferences: Preferences) {
    if (document.fullscreenEnabled) this.#fullScreen.offer()
    if (document.pictureInPictureEnabled) this.#inset.offer()
    for (const event of ['enterpictureinpicture', 'leavepictureinpicture', 'loadedmetadata', 'resize']) {
      this.#video.addEventListener(event, () => { this.#show() })
    }
    new ResizeObserver(() => { this.#show() }).observe(this.#stage)
    document.addEventListener('fullscreenchange', () => { this.#show() })
    for (const event of ['pointermove', 'pointerdown', 'keydown', 'fullscreenchange']) document.addEventListener(event, () => { this.#awake() })
    this.#show()
  }

  /** What the other person sends. */
  shows (what: 'nothing' | 'camera' | 'screen'): void {
    this.#shown = what
    this.#show()
  }

  /** The call is over. */
  leave (): void {
    if (document.fullscreenElement !== null) document.exitFullscreen().catch(() => {})
    this.#leaveInset()
  }

  #fit (): Fit {
    // Of a screen, the edges matter as much as the middle.
    if (this.#shown === 'screen') return 'fit'
    const { fit } = this.preferences.data
    if (fit === 'fit' || fit === 'fill') return fit
    const { videoWidth: width, videoHeight: height } = this.#video
    return naturalFit({ width, height }, { width: this.#stage.clientWidth, height: this.#stage.clientHeight })
  }

  #show (): void {
    const fill = this.#fit() === 'fill'
    this.#video.classList.toggle('whole', !fill)
    document.body.classList.toggle('picture', this.#shown !== 'nothing')
    this.#fill.set({ enabled: this.#shown === 'camera', on: fill })
    this.#fullScreen.set({ enabled: true, on: document.fullscreenElement !== null })
    this.#inset.set({ enabled: this.#shown !== 'nothing' && this.#video.readyState > 0, on: document.pictureInPictureElement === this.#video })
    if (this.#shown === 'nothing') this.#leaveInset()
  }

  /** The whole page, so that the controls and the chat stay at hand. */
  async #toggleFullScreen (): Promise<void> {
    if (document.fullscreenElement === null) await document.documentElement.requestFullscreen()
    else await document.exitFullscreen()
  }

  async #toggleInset (): Promise<void> {
    if (document.pictureInPictureElement === this.#video) await document.exitPictureInPicture()
    else await this.#video.requestPictureInPicture()
  }

  #leaveInset (): void {
    if (document.pictureInPictureElement === this.#video) document.exitPictureInPicture().catch(() => {})
  }

  /** On a full screen, the bars go when nothing has happened for a while. */
  #awake (): void {
    clearTimeout(this.#idleTimer)
    document.body.classList.remove('idle')
    if (document.fullscreenElement === null) return
    this.#idleTimer = setTimeout(() => {
      // Whoever uses the keyboard must see where they are.
      const inUse = element<HTMLDetailsElement>('more').open || document.activeElement?.matches('button:focus-visible, summary:focus-visible, textarea')
      if (inUse) this.#awake()
      else document.body.classList.add('idle')
    }, IDLE_AFTER)
  }
}
