import { isColorSupported, prettyFactory } from 'pino-pretty'

type Line = Record<string, unknown> & {
  req?: { method: string, url: string, remoteAddress: string }
  res?: { statusCode: number }
  responseTime?: number
}

/** Characters that a terminal would act upon, in JSON: escaped, or as they are. Every escape matches, so that none is split. */
const ESCAPES = /\\(?:u00[01][\da-f]|.)|[\x7f-\x9f]/g

/**
 * Log lines for people, made of the JSON that a log has elsewhere: a line for each request, and the stack of an error.
 * Text from a client cannot move the cursor or change colors: its control characters are shown, not sent.
 */
export function readableLog (destination: { write: (text: string) => void }, colors = isColorSupported): { write: (line: string) => void } {
  const readable = prettyFactory({
    colorize: colors,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'pid,hostname,reqId,req,res,responseTime',
    messageFormat: (line, key) => describe(line as Line, String(line[key] ?? ''))
  })
  return { write: line => { destination.write(readable(line.replace(ESCAPES, show))) } }
}

function describe ({ req, res, responseTime }: Line, message: string): string {
  // The requests of other lines have not been answered.
  if (req === undefined || res === undefined) return req === undefined ? message : `${message} (${req.method} ${req.url} from ${req.remoteAddress})`
  const failed = message === 'request completed' ? '' : `: ${message}`
  return `${req.method} ${req.url || '(no such address)'} ${res.statusCode} in ${Math.round(responseTime ?? 0)} ms from ${req.remoteAddress}${failed}`
}

function show (escape: string): string {
  if (escape === '\\n' || escape === '\\t') return escape
  if (!escape.startsWith('\\')) return `\\\\x${escape.charCodeAt(0).toString(16)}`
  return /^\\(?:u00|[bfr])/.test(escape) ? `\\${escape}` : escape
}
