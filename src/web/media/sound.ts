let context: AudioContext | undefined

/** The page's only one: browsers bound their number. It runs once the person has touched the page. */
export function audioContext (): AudioContext {
  if (context !== undefined) return context
  const made = context = new AudioContext()
  const resume = () => { void made.resume().catch(() => {}) }
  for (const gesture of ['pointerup', 'keydown']) addEventListener(gesture, resume)
  return made
}

/** Not all browsers have this, and TypeScript does not know it yet. */
type Routed = AudioContext & { setSinkId? (id: string): Promise<void> }

/**
 * Two soft notes, a fourth apart: someone has come.
 *
 * @param speaker where they sound, if the browser lets a page choose; '' is its own choice
 */
export async function chime (speaker: string): Promise<void> {
  const context: Routed = audioContext()
  // It would sound later, when it means nothing.
  if (context.state !== 'running') return
  await context.setSinkId?.(speaker).catch(() => {
    // The speaker is gone: better from another one than not at all.
  })
  const start = context.currentTime
  for (const [index, frequency] of [587, 784].entries()) {
    const [tone, volume] = [context.createOscillator(), context.createGain()]
    const from = start + index * 0.14
    tone.frequency.value = frequency
    volume.gain.setValueAtTime(0, from)
    volume.gain.linearRampToValueAtTime(0.08, from + 0.02)
    volume.gain.exponentialRampToValueAtTime(0.0001, from + 0.6)
    tone.connect(volume).connect(context.destination)
    tone.start(from)
    tone.stop(from + 0.6)
  }
}
