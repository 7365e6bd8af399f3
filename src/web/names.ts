import { withoutControls } from './chat-text.js'

/** How long a person's name may be, in characters. */
export const MAX_NAME_LENGTH = 40

/** A name that can be shown anywhere: one line, bounded, and without characters that change what is around it. */
export function cleanName (name: string): string {
  const line = withoutControls(name.slice(0, 10 * MAX_NAME_LENGTH))
    .replace(/\s+/g, ' ')
    // Marks without end would pile up over their surroundings.
    .replace(/(\p{M}{4})\p{M}+/gu, '$1')
    .trim()
  return [...line].slice(0, MAX_NAME_LENGTH).join('').trim()
}
