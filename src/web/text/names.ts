import { legible, withoutPiles } from './legible.js'

/** How long a person's name may be, in characters. */
export const MAX_NAME_LENGTH = 40

/** A person's name that can be shown anywhere: one line, and not too long. */
export function cleanName (name: string): string {
  const line = oneLine(name.slice(0, 10 * MAX_NAME_LENGTH)).trim()
  return [...line].slice(0, MAX_NAME_LENGTH).join('').trim()
}

/** Other characters that show nothing, or a blank that is not a space; not those that join or vary the character before them. */
const BLANK = /(?![\p{Join_Control}\p{Variation_Selector}])\p{Default_Ignorable_Code_Point}|[\u2800\ufff9-\ufffc]/gu

/** Joiners and variation selectors without effect: after nothing visible, or more than two in a row. */
const IDLE = /(^|\s)[\p{Join_Control}\p{Variation_Selector}]+|(?<=[\p{Join_Control}\p{Variation_Selector}]{2})[\p{Join_Control}\p{Variation_Selector}]+/gu

/** The text as one line, without characters that change what is around it or stand for nothing. */
export function oneLine (text: string): string {
  return withoutPiles(legible(text).replace(BLANK, '').replace(IDLE, '$1').replace(/\s+/g, ' '))
}
