import { withoutControls } from './chat-text.js'

/** How long a person's name may be, in characters. */
export const MAX_NAME_LENGTH = 40

/** A person's name that can be shown anywhere: one line, and not too long. */
export function cleanName (name: string): string {
  const line = oneLine(name.slice(0, 10 * MAX_NAME_LENGTH)).trim()
  return [...line].slice(0, MAX_NAME_LENGTH).join('').trim()
}

/** The text as one line, without characters that change what is around it. */
export function oneLine (text: string): string {
  return withoutControls(text)
    .replace(/\s+/g, ' ')
    // Marks without end would pile up over their surroundings.
    .replace(/(\p{M}{4})\p{M}+/gu, '$1')
}
