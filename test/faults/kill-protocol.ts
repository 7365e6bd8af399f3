/** What the killed process is told to do. */
export interface Order {
  path: string
  round: number
  boxes: string[]
  /** what was sent in an earlier round and never answered: to be sent again under the same key */
  retry: Array<{ drop: string, text: string }>
}

/** What it tells, in order. */
export type Report =
  | { event: 'ready' }
  | { event: 'sent', drop: string, text: string }
  | { event: 'stored', drop: string, text: string, seq: number }
  /** and to be acknowledged next */
  | { event: 'read', drop: string, texts: string[] }
  | { event: 'acknowledged', drop: string, texts: string[] }
  | { event: 'draining', drop: string }
  | { event: 'drained', drop: string, texts: string[] }
