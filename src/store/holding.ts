import { HeldError } from '../errors.js'
import type { Held } from './store.js'

/** What a holder holds. */
export interface Holding {
  boxes: number
  bytes: number
}

/** @throws HeldError if the holder may not hold that much more */
export function checkHolding (holding: Holding | undefined, more: Holding, held: Held | undefined): void {
  if (held === undefined) return
  const { boxes, bytes } = holding ?? { boxes: 0, bytes: 0 }
  if (boxes + more.boxes > held.boxes || bytes + more.bytes > held.bytes) throw new HeldError()
}
