/** How loud a voice is shown to be, in steps. */
export type Loudness = 0 | 1 | 2 | 3

/** Where the steps begin. */
const STEPS = [0.3, 0.6, 0.85]

/** @param level from 0 to 1, as people hear it */
export function loudnessOf (level: number): Loudness {
  return STEPS.filter(step => level >= step).length as Loudness
}

/** What is shown of a level that is measured many times a second: it falls more slowly than it rises. */
export class LevelDisplay {
  /** from 0 to 1 */
  level = 0

  /** @param calm shows only whether somebody speaks, without a flicker between words */
  next (level: number, calm: boolean): Loudness {
    this.level = Math.max(level, this.level * (calm ? 0.9 : 0.7))
    const loudness = loudnessOf(this.level)
    return calm && loudness > 0 ? 3 : loudness
  }
}

/** How many loud measurements are a voice, rather than a cough. */
const SPEAKING = 12

/** Notices that somebody speaks although their microphone is off: once for each time that they turned it off. */
export class MutedSpeech {
  #loud = 0
  #noticed = false

  /** @returns whether that is noticed now */
  hear (muted: boolean, level: number): boolean {
    if (!muted) this.#noticed = false
    if (!muted || this.#noticed) {
      this.#loud = 0
      return false
    }
    this.#loud = loudnessOf(level) > 1 ? this.#loud + 1 : Math.max(0, this.#loud - 0.5)
    this.#noticed = this.#loud >= SPEAKING
    return this.#noticed
  }
}
