import vectors from './call-vectors.json' with { type: 'json' }

/** A text, or a list of texts, each with how often it is repeated. */
export type VectorText = string | [string, number][]

export type Over = 'boxes' | 'connection'

/** One value that a side sent, as it was recorded. */
export interface Step {
  from: 'host' | 'guest'
  over: Over
  /** Of two steps with the same number, each was sent before the other arrived. */
  crossing?: number
  value: any
  /** how it was sealed, over the boxes */
  message?: any
}

interface Heard {
  why: string
  over: Over
  connected?: boolean
  /** how many messages of the sender are lost before the first of these */
  missing?: number
  messages: unknown[]
  reported?: string | null
  continues?: boolean
}

interface Values {
  why: string
  over: Over
  messages: unknown[]
  taken: (number | null)[]
  code?: string
}

interface Pieces {
  sent: { why: string, over: Over, text: VectorText, whole: boolean }[]
  joined: { why: string, over: Over, texts: VectorText[], whole: VectorText, ignored?: boolean }[]
  refused: { why: string, over: Over, texts: VectorText[], code: string }[]
}

export const { version, versions, participants, pair } = vectors
export const pieces = vectors.pieces as unknown as Pieces
export const values = vectors.values as Values[]
export const said = vectors.endings.said
export const heard = vectors.endings.heard as Heard[]
export const conversation = { ...vectors.conversation, steps: vectors.conversation.steps as Step[] }

export function textOf (text: VectorText): string {
  return typeof text === 'string' ? text : text.map(([part, times]) => part.repeat(times)).join('')
}
