import { audioContext } from './sound.js'

/** What counts as silence, in dB below full scale, and what as loud. */
const SILENT = -60
const LOUD = -15

/** How often the level is measured, in ms. Calm eyes want less motion. */
const EVERY = 100
const EVERY_CALM = 500

/** How loud the samples are, from 0 to 1, as people hear it. */
export function levelOf (samples: Float32Array): number {
  return audible(Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length))
}

/** How loud an amplitude of at most 1 is, from 0 to 1, as people hear it. */
export function audible (amplitude: number): number {
  const level = (20 * Math.log10(amplitude) - SILENT) / (LOUD - SILENT)
  return Math.min(Math.max(level, 0), 1)
}

/**
 * Shows how loud a track is, from 0 to 1, until the function that it returns is called. Until the person has touched
 * the page, some browsers let nothing be measured: then the level is undefined.
 */
export function followLevel (track: MediaStreamTrack, show: (level: number | undefined) => void): () => void {
  const context = audioContext()
  const source = context.createMediaStreamSource(new MediaStream([track]))
  const analyser = context.createAnalyser()
  analyser.fftSize = 1_024
  source.connect(analyser)
  const samples = new Float32Array(analyser.fftSize)
  let level = 0
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples)
    // It falls more slowly than it rises, so that words do not flicker.
    level = Math.max(levelOf(samples), level * 0.7)
    show(context.state === 'running' ? level : undefined)
  }, matchMedia('(prefers-reduced-motion: reduce)').matches ? EVERY_CALM : EVERY)
  return () => {
    clearInterval(timer)
    source.disconnect()
  }
}
