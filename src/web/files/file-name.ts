import { oneLine } from '../text/names.js'

/** How many characters of a name are kept: at the start, and at the end, where people look for its kind. */
const START = 70
const END = 30

/** The names that Windows has for devices. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i

/**
 * A name that can be shown, and under which the file can be saved anywhere. The other side chose it, so it may look
 * like another, hide its end, or lead out of a folder.
 */
export function safeName (name: string): string {
  const plain = oneLine(name.replace(/\p{Cs}|\u200c|\u200d/gu, ''))
    .replace(/[/\\:*?"<>|]/g, '_')
    // Hidden files on one system, and names that another cannot save.
    .replace(/^[\s.]+|[\s.]+$/g, '')
  const characters = [...plain]
  const short = characters.length <= START + END ? plain : [...characters.slice(0, START), '…', ...characters.slice(-END)].join('')
  if (short === '') return 'file'
  return DEVICE.test(short) ? `_${short}` : short
}
