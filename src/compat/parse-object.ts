/** Parses a client's message. @returns undefined unless it is a JSON object or array, whose members may be anything */
export function parseObject (text: string): Record<string, unknown> | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  return typeof value === 'object' && value !== null ? value as Record<string, unknown> : undefined
}
