import type { Box } from './box.js'

/** A message as it is stored on disk, with the box's deadline when it was appended and, in a room, the time. */
export function messageRecord ({ deadline, keep }: Box, drop: string, text: string, now: number): string {
  return `${keep === 0 ? deadline : `${deadline},${now}`} ${drop} ${text}`
}

/** The inverse of `messageRecord`. A drop address contains no space. */
export function messageIn (record: string): { deadline: number, time: number, drop: string, text: string } {
  const first = record.indexOf(' ')
  const second = record.indexOf(' ', first + 1)
  const [deadline, time] = record.slice(0, first).split(',')
  return { deadline: Number(deadline), time: Number(time ?? 0), drop: record.slice(first + 1, second), text: record.slice(second + 1) }
}

export function asBytes (numbers: number[]): Buffer {
  const bytes = Buffer.alloc(numbers.length * 8)
  numbers.forEach((number, i) => bytes.writeDoubleLE(number, i * 8))
  return bytes
}

export function numbersIn (bytes: Buffer): number[] {
  const numbers: number[] = []
  for (let at = 0; at < bytes.length; at += 8) numbers.push(bytes.readDoubleLE(at))
  return numbers
}
