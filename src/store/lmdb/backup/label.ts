import { createHash } from 'node:crypto'
import { appendFileSync, closeSync, createReadStream, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { version } from '../../../manifest.js'
import { DamageError } from './check.js'

/*
 * A backup is the data file of a store, followed by a label: 512 bytes of text that end with the SHA-256 of everything
 * before it. LMDB ignores what follows the pages, so a backup can be opened as it is.
 */

const SIZE = 512
const CHECKSUM = /sha256 ([0-9a-f]{64})\n$/
const CHECKSUM_SIZE = 'sha256 '.length + 64 + 1
/** The version of the label. */
const LABEL = 1

export interface Label {
  /** the version of signalbox that made the backup */
  version: string
  /** when, as in `toISOString` */
  made: string
  /** the size of the data file that precedes it, in bytes */
  size: number
}

/** Makes a backup of the copy of a data file. */
export async function appendLabel (file: string): Promise<void> {
  const text = `signalbox backup ${LABEL}\nversion ${version}\nmade ${new Date().toISOString()}\n`
  appendFileSync(file, text.padEnd(SIZE - CHECKSUM_SIZE, '\n'))
  appendFileSync(file, `sha256 ${await checksumOf(file)}\n`)
}

/**
 * Reads the label, and everything before it to compare its checksum.
 * @throws DamageError if anything has changed since the backup was made
 * @throws Error if it is no backup, or one of a later version
 */
export async function readLabel (file: string): Promise<Label> {
  const text = lastBytes(file, SIZE)
  const [, label] = /^signalbox backup (\d+)\n/.exec(text) ?? []
  if (label === undefined) throw new DamageError('it is not a backup, or it has lost its end')
  if (Number(label) > LABEL) throw new Error('a newer version of signalbox made it. Use that version')
  const [, checksum] = CHECKSUM.exec(text) ?? []
  const { size } = statSync(file)
  if (checksum === undefined || checksum !== await checksumOf(file, size - CHECKSUM_SIZE)) throw new DamageError('its content does not match its checksum')
  return { version: field(text, 'version'), made: field(text, 'made'), size: size - SIZE }
}

/** @param size of the file's beginning; all of it if absent */
export async function checksumOf (file: string, size = Infinity): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file, { end: size - 1, highWaterMark: 1024 * 1024 })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

function lastBytes (file: string, count: number): string {
  const bytes = Buffer.alloc(count)
  const fd = openSync(file, 'r')
  try {
    readSync(fd, bytes, 0, count, Math.max(0, fstatSync(fd).size - count))
    return bytes.toString('latin1')
  } finally {
    closeSync(fd)
  }
}

function field (text: string, name: string): string {
  const [, value = ''] = new RegExp(`^${name} (.*)$`, 'm').exec(text) ?? []
  return value
}
