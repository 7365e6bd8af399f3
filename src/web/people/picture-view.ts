import type { Preferences } from '../storage/preferences.js'
import { ActionButtons } from '../ui/action-buttons.js'
import { element } from '../ui/dom.js'
import { columnsFor } from './columns.js'
import type { PersonTile } from './person-tile.js'
import { naturalFit, type Fit } from './picture-fit.js'

/** How long the bars stay on a full screen while nothing happens, in ms. */
const IDLE_AFTER = 3_000

/** How the others' pictures are shown: on the full screen, in a window of its own, whole or filling their frames. */
export class PictureView {
  readonly #fill = new ActionButtons('fill', () => {
    const fill = this.#cameras.every(tile => this.#fit(tile) === 'fill')
    this.preferences.update({ fit: fill ? 'fit' : 'fill' })
    this.show()
  })

  readonly #fullScreen = new ActionButtons('fullScreen', () => { this.#toggleFullScreen().catch(() => {}) })
  readonly #inset = new ActionButtons('inset', () => { this.#toggleInset().catch(() => {}) })
  #idleTimer: ReturnType<typeof setTimeout> | undefined

  /** @param area what the tiles are in */
  constructor (private readonly preferences: Preferences, private readonly area: HTMLElement, private readonly tiles: () => PersonTile[]) {
    if (document.fullscreenEnabled) this.#fullScreen.offer()
    if (document.pictureInPictureEnabled) this.#inset.offer()
    for (const event of ['enterpictureinpicture', 'leavepictureinpicture', 'loadedmetadata', 'resize']) {
      area.addEventListener(event, () => { this.show() }, { capture: true })
    }
    new ResizeObserver(() => { this.show() }).observe(area)
    document.addEventListener('fullscreenchange', () => { this.show() })
    for (const event of ['pointermove', 'pointerdown', 'keydown', 'fullscreenchange']) document.addEventListener(event, () => { this.#awake() })
    this.show()
  }

  /** Shows what the others send as it suits each, or as the person has chosen. */
  show (): void {
    const { clientWidth: width, clientHeight: height } = this.area
    const pictures = this.tiles().map(({ video }) => ({ width: video.videoWidth, height: video.videoHeight }))
    this.area.style.setProperty('--across', String(columnsFor(pictures, { width, height })))
    for (const tile of this.tiles()) tile.fit(this.#fit(tile))
    const cameras = this.#cameras
    const main = this.#main
    document.body.classList.toggle('picture', main !== undefined)
    this.#fill.set({ enabled: cameras.length > 0, on: this.tiles().every(tile => this.#fit(tile) === 'fill') })
    this.#fullScreen.set({ enabled: true, on: document.fullscreenElement !== null })
    const inset = this.#insetTile
    this.#inset.set({ enabled: main !== undefined && main.video.readyState > 0, on: inset !== undefined })
    // The person may have given a window to their own picture.
    if (document.pictureInPictureElement?.matches('.remote') && (inset === undefined || inset.shown === 'nothing')) this.#leaveInset()
  }

  /** The call is over. */
  leave (): void {
    if (document.fullscreenElement !== null) document.exitFullscreen().catch(() => {})
    this.#leaveInset()
  }

  get #cameras (): PersonTile[] {
    return this.tiles().filter(({ shown }) => shown === 'camera')
  }

  /** Whose picture gets a window: that of a screen, or of whoever has been here for the longest. */
  get #main (): PersonTile | undefined {
    return this.tiles().find(({ shown }) => shown === 'screen') ?? this.#cameras[0]
  }

  /** Whose picture has a window. */
  get #insetTile (): PersonTile | undefined {
    return this.tiles().find(({ video }) => video === document.pictureInPictureElement)
  }

  #fit ({ shown, video, element }: PersonTile): Fit {
    // Of a screen, the edges matter as much as the middle.
    if (shown === 'screen') return 'fit'
    const { fit } = this.preferences.data
    if (fit === 'fit' || fit === 'fill') return fit
    const { videoWidth: width, videoHeight: height } = video
    return naturalFit({ width, height }, { width: element.clientWidth, height: element.clientHeight })
  }

  /** The whole page, so that the controls and the chat stay at hand. */
  async #toggleFullScreen (): Promise<void> {
    if (document.fullscreenElement === null) await document.documentElement.requestFullscreen()
    else await document.exitFullscreen()
  }

  async #toggleInset (): Promise<void> {
    if (this.#insetTile === undefined) await this.#main?.video.requestPictureInPicture()
    else await document.exitPictureInPicture()
  }

  #leaveInset (): void {
    if (document.pictureInPictureElement) document.exitPictureInPicture().catch(() => {})
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
