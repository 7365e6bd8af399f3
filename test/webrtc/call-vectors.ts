import type { Outcome } from '../../clients/typescript/src/webrtc/attempts.js'
import type { FileMessage } from '../../src/web/files/file-messages.js'
import type { PageMessage } from '../../src/web/call/page-messages.js'
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

/** A number of attempts that begin, wait or are refused, or of those under way that end. */
type AttemptStep = { at: number, begin: number, then: string } | { at: number, end: number, as: Outcome }

interface Rates {
  control: { why: string, steps: { at: number, messages: number }[], code?: string }[]
  attempts: { why: string, steps: AttemptStep[] }[]
  relayed: { why: string, guests: number, steps: { at: number, from: number, to: number, size: number, times: number, passed: number }[] }[]
}

interface Limit {
  why: string
  role: string
  turn?: boolean
  steps: { at: number, event: string }[]
  ends?: { at: number, code: string | null }
}

interface Taken<Message> { why: string, text: string, taken: Message | null }

interface Page {
  messages: Taken<PageMessage>[]
  early: { why: string, texts: string[], taken: PageMessage[], closed: boolean }[]
  files: Taken<FileMessage>[]
  blocks: { text: string, times: number, size: number, hashes: string[] }[]
}

export const { version, versions, participants, pair } = vectors
export const pieces = vectors.pieces as unknown as Pieces
export const values = vectors.values as Values[]
export const said = vectors.endings.said
export const heard = vectors.endings.heard as Heard[]
export const rates = vectors.rates as Rates
export const limits = vectors.limits as Limit[]
export const page = vectors.page as Page
export const conversation = { ...vectors.conversation, steps: vectors.conversation.steps as Step[] }

export function textOf (text: VectorText): string {
  return typeof text === 'string' ? text : text.map(([part, times]) => part.repeat(times)).join('')
}
