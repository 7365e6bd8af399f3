/** Whether this browser can share a screen: those of phones cannot. */
export function canShareScreen (): boolean {
  return typeof navigator.mediaDevices?.getDisplayMedia === 'function'
}

/** This person's screen, or a window or tab that they chose. */
export class ScreenShare {
  #stream: MediaStream | undefined
  /** Counts calls to `stop`: what is chosen after the last one is no longer wanted. */
  #stops = 0
  #choosing = false

  constructor (private readonly changed: () => void) {}

  get stream (): MediaStream | undefined { return this.#stream }

  /** Whether the person shares something, or is choosing what. */
  get wanted (): boolean { return this.#stream !== undefined || this.#choosing }

  /** Lets the person choose what to share. @returns whether it failed, other than by their own choice */
  async start (): Promise<boolean> {
    if (this.#choosing) return false
    const stops = this.#stops
    this.#choosing = true
    try {
      const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 30 } } })
      if (stops === this.#stops) this.#use(stream)
      else release(stream)
      return false
    } catch (error) {
      return !isRefusal(error)
    } finally {
      this.#choosing = false
    }
  }

  stop (): void {
    this.#stops++
    if (this.#stream === undefined) return
    release(this.#stream)
    this.#stream = undefined
    this.changed()
  }

  #use (stream: MediaStream): void {
    this.#stream = stream
    for (const track of stream.getTracks()) {
      // When there is too little bandwidth, text should stay legible, and movement may suffer.
      if ('contentHint' in track) track.contentHint = 'detail'
      // Stopped with the browser's own button, or the window was closed.
      track.addEventListener('ended', () => { if (this.#stream === stream) this.stop() })
    }
    this.changed()
  }
}

function release (stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop()
}

/** The person cancelled. If the operating system refuses, the message says so. */
function isRefusal (error: unknown): boolean {
  const { name, message } = Object(error)
  return name === 'AbortError' || (name === 'NotAllowedError' && !/system/i.test(message))
}
