import { closest, distance } from 'fastest-levenshtein'

/** One typing error is allowed in this many letters. */
const LETTERS_PER_ERROR = 4

/** The name that was probably meant: one with the same letters, or with few others. */
export function nearest (name: string, names: readonly string[]): string | undefined {
  const sorted = sortLetters(name)
  const swapped = names.find(other => sortLetters(other) === sorted)
  if (swapped !== undefined) return swapped
  const other = closest(name, names)
  const allowed = Math.max(1, Math.floor(name.length / LETTERS_PER_ERROR))
  return distance(name.toLowerCase(), other.toLowerCase()) <= allowed ? other : undefined
}

function sortLetters (name: string): string {
  return [...name.toLowerCase()].sort().join('')
}
