import { withoutControls } from './chat-text.js'

/** How long a person's name may be, in characters. */
export const MAX_NAME_LENGTH = 40

/** A person's name that can be shown anywhere: one line, and not too long. */
export function cleanName (name: string): string {
  const line = oneLine(name.slice(0, 10 * MAX_NAME_LENGTH)).trim()
  return [...line].slice(0, MAX_NAME_LENGTH).join('').trim()
}

/** What else cannot be seen, other than what joins or varies the character before it, or is blank without being a space. */
const BLANK = /(?![\p{Join_Control}\p{Variation_Selector}])\p{Default_Ignorable_Code_Point}|[\u2800\ufff9-\ufffc]/gu

/** What joins or varies nothing: it follows nothing that can be seen, or is the third in a row. */
const IDLE = /(^|\s)[\p{Join_Control}\p{Variation_Selector}]+|(?<=[\p{Join_Control}\p{Variation_Selector}]{2})[\p{Join_Control}\p{Variation_Selector}]+/gu

/** The text as one line, without characters that change what is around it or stand for nothing. */
export function oneLine (text: string): string {
  return withoutControls(text)
    .replace(BLANK, '')
    .replace(IDLE, '$1')
    .replace(/\s+/g, ' ')
    // Marks without end would pile up over their surroundings.
    .replace(/(\p{M}{4})\p{M}+/gu, '$1')
}
