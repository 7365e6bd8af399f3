import type { Person } from '../call/state.js'
import { breakText } from '../call/texts.js'
import { part } from '../ui/dom.js'

/** The last picture needs no more detail than this: it is shown dimmed. */
const MAX_WIDTH = 960

/** Somebody whose connection is broken: their last picture, what is being tried, and for how long. */
export class BreakView {
  readonly #video: HTMLVideoElement
  readonly #picture: HTMLCanvasElement
  readonly #line: HTMLElement
  #since: number | undefined
  #timer: ReturnType<typeof setInterval> | undefined

  constructor (private readonly tile: HTMLElement) {
    this.#video = part(tile, 'remote')
    this.#picture = part(tile, 'last-picture')
    this.#line = part(tile, 'break')
  }

  /** @param alone whether nobody else is in the call */
  show (broken: Person['broken'], alone: boolean): void {
    this.tile.classList.toggle('broken', broken !== undefined)
    if (broken !== undefined && this.#since === undefined) this.#begin()
    if (broken === undefined && this.#since !== undefined) this.#end()
    if (broken !== undefined) part(this.#line, 'break-text').textContent = breakText(broken, navigator.onLine, alone)
  }

  /** Hides the last picture: there is a new one, or it was another person's. */
  forget (): void {
    this.#picture.hidden = true
  }

  #begin (): void {
    this.#since = performance.now()
    this.#keepPicture()
    this.#showTime()
    this.#timer = setInterval(() => { this.#showTime() }, 1_000)
    this.#line.hidden = false
  }

  #end (): void {
    this.#since = undefined
    clearInterval(this.#timer)
    this.#line.hidden = true
    // The stage stays dark until there is a new picture.
    if ('requestVideoFrameCallback' in this.#video) this.#video.requestVideoFrameCallback(() => { if (this.#since === undefined) this.forget() })
    else this.forget()
  }

  #showTime (): void {
    part(this.#line, 'break-time').textContent = `${Math.round((performance.now() - (this.#since ?? 0)) / 1_000)} s`
  }

  /** A video forgets its picture with its connection. */
  #keepPicture (): void {
    const { videoWidth, videoHeight } = this.#video
    if (videoWidth === 0 || this.#video.classList.contains('dark')) return
    const scale = Math.min(1, MAX_WIDTH / videoWidth)
    this.#picture.width = Math.round(videoWidth * scale)
    this.#picture.height = Math.round(videoHeight * scale)
    this.#picture.getContext('2d')?.drawImage(this.#video, 0, 0, this.#picture.width, this.#picture.height)
    this.#picture.hidden = false
  }
}
