import { hash } from 'node:crypto'
import { randomPortions } from './random.js'

/** What a caller holds: a box id owns the box; a drop address can only store. */
export interface Capability {
  /** the box's key in every store */
  drop: string
  owner: boolean
}

/** 24 bytes are exactly 32 base64url characters, so there is only one spelling of each value. */
const RANDOM = '[A-Za-z0-9_-]{32}'

export const BOX_ID = `^box_${RANDOM}$`
export const DROP_ADDRESS = `^drop_${RANDOM}$`
export const CAPABILITY = `^(box|drop)_${RANDOM}$`
/** Matches a capability anywhere in a text; the group is its kind. */
export const CAPABILITY_IN_TEXT = `(box|drop)_${RANDOM}`

const form = new RegExp(CAPABILITY)

const randomId = randomPortions(24)

/** Creates a box id from 24 random bytes. 192 bits cannot be guessed, and need no check for duplicates. */
export function newBoxId (): string {
  return `box_${randomId()}`
}

/**
 * Derives the drop address of a box id, one-way: the first 24 bytes of SHA-256 (FIPS 180-4) over a label, a
 * zero byte and the id. The id is uniformly random and of fixed length, so a plain hash is sufficient; 24
 * bytes are the first 32 characters of the digest in base64url.
 */
export function dropAddress (boxId: string): string {
  return `drop_${hash('sha256', `signalbox drop v1\0${boxId}`, 'base64url').slice(0, 32)}`
}

/** Parses a capability; undefined if the text is not one. */
export function parseCapability (text: string): Capability | undefined {
  if (!form.test(text)) return undefined
  return text.startsWith('box_') ? { drop: dropAddress(text), owner: true } : { drop: text, owner: false }
}
