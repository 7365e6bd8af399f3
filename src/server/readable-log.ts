import { isColorSupported, prettyFactory } from 'pino-pretty'

type Line = Record<string, unknown> & {
  req?: { method: string, url: string, remoteAddress: string }
  res?: { statusCode: number }
  responseTime?: number
}

/** What a terminal would act upon, or what would change the order of what is read. */
const CONTROLS = /[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu

/**
 * Log lines for people, made of the JSON that a log has elsewhere: a line for each request, and the stack of an error.
 * Text from a client can neither control the terminal nor begin a line: its control characters are shown, not sent.
 */
export function readableLog (destination: { write: (text: string) => void }, colors = isColorSupported): { write: (line: string) => void } {
  const readable = prettyFactory({
    colorize: colors,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'pid,hostname,reqId,req,res,responseTime',
    messageFormat: (line, key) => describe(line as Line, String(line[key] ?? ''))
  })
  return { write: line => { destination.write(readable(JSON.parse(line, harmless))) } }
}

/** The lines of a stack stay, since each is indented. Names of members are printed, too. */
function harmless (key: string, value: unknown): unknown {
  if (typeof value === 'string') return value.replace(CONTROLS, char => key === 'stack' && char === '\n' ? char : shown(char))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name.replace(CONTROLS, shown), member]))
}

function shown (char: string): string {
  const escaped = JSON.stringify(char).slice(1, -1)
  return escaped === char ? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}` : escaped
}

function describe ({ req, res, responseTime }: Line, message: string): string {
  // The requests of other lines have not been answered.
  if (req === undefined || res === undefined) return req === undefined ? message : `${message} (${req.method} ${req.url} from ${req.remoteAddress})`
  const failed = message === 'request completed' ? '' : `: ${message}`
  return `${req.method} ${req.url || '(no such address)'} ${res.statusCode} in ${Math.round(responseTime ?? 0)} ms from ${req.remoteAddress}${failed}`
}
