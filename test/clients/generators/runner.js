/** The loop of every JavaScript runner: one JSON a line in, one out; see ../README.md. */
import { lines } from '../lines.js'

/** @param {(command: { url: string, call: string, args: object }) => Promise<{ status?: number, answer?: unknown, problem?: unknown }>} answer */
export async function serve (answer) {
  for await (const line of lines(process.stdin)) {
    const { id, ...command } = JSON.parse(line)
    const result = await answer(command).catch(error => ({ error: String(error) }))
    console.log(JSON.stringify({ id, ...result }))
  }
}

/** The result of an answer that was parsed: a problem has a code. */
export function resultOf (parsed, status) {
  return typeof parsed?.code === 'string' ? { status: parsed.status, problem: parsed } : { status, answer: parsed ?? null }
}
