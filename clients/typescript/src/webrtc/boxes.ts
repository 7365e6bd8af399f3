/* How calls and channels use boxes. */

import { BoxError, type Box, type BoxOptions } from '../index.js'
import { Scope } from '../scope.js'
import type { SealedMessage } from './sealing.js'

/** How long closing may take, in ms: telling the other side, and deleting the box. */
export const CLOSE_TIMEOUT = 2_000

/** More than the largest sealed message, and than a box full of them. Parsed JSON takes up to fifty times its length in memory. */
const MAX_RESPONSE_BYTES = 4 * 1024 * 1024

/** How often a message is retried if the other side's box is full, and the first wait in ms. Its owner may be about to read. */
const FULL_TRIES = 4
const FULL_PAUSE = 500

/** Picks the options that a box takes. */
export function boxOptions ({ fetch, headers, server, signal, maxResponseBytes = MAX_RESPONSE_BYTES }: BoxOptions): BoxOptions {
  return { maxResponseBytes, ...(fetch && { fetch }), ...(headers && { headers }), ...(server && { server }), ...(signal && { signal }) }
}

/** Delivers one sealed message to the other side: into its box, or through the host of a call. */
export type Deliver = (message: SealedMessage, scope: Scope) => Promise<void>

/** Delivers messages into the other side's box. */
export function toBox (box: Box): Deliver {
  return (message, scope) => sendWithRetry(box, message, scope)
}

/** Stores a message in the other side's box, and tries again for a while if that box is full. */
export async function sendWithRetry (box: Box, message: unknown, scope: Scope): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await box.send(message, { signal: scope.signal })
      return
    } catch (error) {
      if (!(error instanceof BoxError && error.code === 'BOX_ERR_FULL') || tries > FULL_TRIES) throw error
      await scope.sleep(FULL_PAUSE * 2 ** (tries - 1))
    }
  }
}

/** Deletes a box that is no longer needed. If that fails, the box expires by itself. */
export async function deleteBox (box: Box): Promise<void> {
  await Scope.run(undefined, undefined, ({ signal }) => box.delete({ signal }), CLOSE_TIMEOUT).catch(() => {})
}
