/** The source of the time, in ms since the epoch. */
export interface Clock {
  now (): number
}

export const systemClock: Clock = { now: () => Date.now() }
