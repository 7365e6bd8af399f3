import { connect } from 'node:net'
import { closed } from '../helpers/closed.js'

export interface RawAnswer {
  status: number
  /** the header lines as they came, without the status line */
  headers: string
  body: string
}

/** Sends bytes that no client would, and reads whatever comes until the server hangs up. */
export async function sendRaw (port: number, bytes: string): Promise<RawAnswer> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => { text += chunk })
  // A server that refuses what is still being sent may reset the connection after its answer.
  socket.on('error', () => {})
  socket.write(bytes)
  await closed(socket)
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [line = '', ...headers] = head.split('\r\n')
  return { status: Number(line.split(' ')[1]), headers: headers.join('\n'), body: rest.join('\r\n\r\n') }
}

/** One request on a connection of its own. */
export async function request (port: number, method: string, url: string, headers: Record<string, string> = {}, body = ''): Promise<RawAnswer> {
  const lines = Object.entries({
    host: 'test', connection: 'close', ...(body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) }), ...headers
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  return await sendRaw(port, `${method} ${url} HTTP/1.1\r\n${lines.join('')}\r\n${body}`)
}
