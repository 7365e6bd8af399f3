import { hash } from 'node:crypto'

/** 128 bits; nobody can find two boxes with the same label. */
const LENGTH = 22

/**
 * Derives the label of a box from its drop address, one-way: it names the box in logs and events, and opens nothing.
 */
export function labelOf (drop: string): string {
  return `label_${hash('sha256', `signalbox label v1\0${drop}`, 'base64url').slice(0, LENGTH)}`
}
