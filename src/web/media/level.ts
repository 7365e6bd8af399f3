import { audioContext } from './sound.js'

/** What counts as silence, in dB below full scale, and what as loud. */
const SILENT = -60
const LOUD = -15

/** How often levels are shown, in ms. */
export const LEVEL_EVERY = 100

/** How loud the samples are, from 0 to 1, as people hear it. */
export function levelOf (samples: Float32Array): number {
  return audible(Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length))
}

/** How loud an amplitude of at most 1 is, from 0 to 1, as people hear it. */
export function audible (amplitude: number): number {
  const level = (20 * Math.log10(amplitude) - SILENT) / (LOUD - SILENT)
  return Math.min(Math.max(level, 0), 1)
}

/** Measures how loud a track is, muted or not. What is measured stays here. */
export class LevelMeter {
  readonly #samples = new Float32Array(1_024)
  #followed: MediaStreamTrack | undefined
  /** It is not muted. As long as it is live, it keeps the device open. */
  #copy: MediaStreamTrack | undefined
  #source: MediaStreamAudioSourceNode | undefined
  #analyser: AnalyserNode | undefined

  /** Listens to this track from now on, and to no other. */
  follow (track: MediaStreamTrack | undefined): void {
    if (track === this.#followed) return
    this.#followed = track
    this.#source?.disconnect()
    this.#copy?.stop()
    this.#copy = this.#source = this.#analyser = undefined
    if (track === undefined) return
    const copy = this.#copy = track.clone()
    copy.enabled = true
    try {
      const context = audioContext()
      const analyser = new AnalyserNode(context, { fftSize: this.#samples.length })
      this.#source = context.createMediaStreamSource(new MediaStream([copy]))
      this.#source.connect(analyser)
      this.#analyser = analyser
    } catch {
      // Some browsers measure no microphone whose sample rate differs from the speaker's.
      copy.stop()
    }
  }

  /** How loud it is now, from 0 to 1; undefined if it cannot be measured, in some browsers until the person has touched the page. */
  get level (): number | undefined {
    if (this.#analyser?.context.state !== 'running') return undefined
    this.#analyser.getFloatTimeDomainData(this.#samples)
    return levelOf(this.#samples)
  }
}
