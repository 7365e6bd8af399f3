import { element } from './dom.js'
import type { State } from './state.js'
import { breakText } from './texts.js'

/** The last picture needs no more detail than this: it is shown dimmed. */
const MAX_WIDTH = 960

/** The call while its connection is broken: the last picture, what is being tried, and for how long. */
export class BreakView {
  readonly #video = element<HTMLVideoElement>('remote')
  readonly #picture = element<HTMLCanvasElement>('last-picture')
  readonly #line = element('break')
  #since: number | undefined
  #timer: ReturnType<typeof setInterval> | undefined

  show (state: State): void {
    const broken = state.name === 'reconnecting'
    if (broken && this.#since === undefined) this.#begin()
    if (!broken && this.#since !== undefined) this.#end(state.name === 'connected')
    if (broken) element('break-text').textContent = breakText(state, navigator.onLine)
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

  #end (recovered: boolean): void {
    this.#since = undefined
    clearInterval(this.#timer)
    this.#line.hidden = true
    // The stage stays dark until there is a new picture.
    if (recovered && 'requestVideoFrameCallback' in this.#video) this.#video.requestVideoFrameCallback(() => { if (this.#since === undefined) this.forget() })
    else this.forget()
  }

  #showTime (): void {
    element('break-time').textContent = `${Math.round((performance.now() - (this.#since ?? 0)) / 1_000)} s`
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
