// Many clients, each on its own connection, which send the next request as soon as the last one is answered.
// Each costs as little work as Node allows: a load generator that is busier than the server measures itself, as
// autocannon would here, which parses responses in JavaScript, header by header.
import { connect } from 'node:net'
import { message } from './lib.js'

/** The requests of each kind on these boxes, one after the other. */
export const requests = {
  create: () => [request('POST', '/boxes')],
  store: boxes => boxes.map(storeIn),
  read: boxes => boxes.map(box => request('GET', `/boxes/${box}/messages`)),
  /** Each box gets a message before it is drained. */
  drain: boxes => boxes.flatMap(box => [storeIn(box), request('DELETE', `/boxes/${box}/messages`)])
}

function storeIn (box) {
  return request('POST', `/boxes/${box}/messages`, `content-type: application/json\r\ncontent-length: ${message.length}\r\n`, message)
}

function request (method, path, headers = method === 'POST' ? 'content-length: 0\r\n' : '', body = '') {
  return Buffer.from(`${method} ${path} HTTP/1.1\r\nhost: localhost\r\n${headers}\r\n${body}`)
}

/**
 * Sends these requests in turn for this many seconds. Rejects if one is refused or a connection breaks.
 * @returns how many were answered, in how many seconds, how many per second, and how busy this process was, 1
 * being all the time
 */
export async function load (url, requests, { connections, seconds }) {
  const { hostname, port } = new URL(url)
  const before = performance.eventLoopUtilization()
  const begun = performance.now()
  const end = begun + seconds * 1000
  let turn = 0
  const next = () => {
    if (performance.now() < end) return requests[turn++ % requests.length]
  }
  const counts = await Promise.all(Array.from({ length: connections }, () => send(hostname, port, next)))
  const answered = counts.reduce((sum, count) => sum + count)
  const took = (performance.now() - begun) / 1000
  return { answered, seconds: took, rate: answered / took, busy: performance.eventLoopUtilization(before).utilization }
}

/** Sends the requests that `next` returns, one after the other, until it returns none. Resolves with the number answered. */
function send (host, port, next) {
  return new Promise((resolve, reject) => {
    const buffer = Buffer.allocUnsafe(65_536)
    let answer = ''
    let answered = 0
    const socket = connect({
      host,
      port,
      noDelay: true,
      onread: {
        buffer,
        callback (bytes) {
          answer += buffer.latin1Slice(0, bytes)
          if (!isWhole(answer)) return true
          if (!answer.startsWith('HTTP/1.1 2')) return socket.destroy(new Error(answer))
          answered++
          answer = ''
          const request = next()
          if (request === undefined) {
            resolve(answered)
            socket.destroy()
          } else {
            socket.write(request)
          }
          return true
        }
      }
    })
    socket.on('error', reject)
    socket.on('close', () => { reject(new Error('the server closed a connection')) })
    socket.write(next())
  })
}

/** Whether this is a complete response: its head, and as many bytes as that declares, or its last chunk. */
function isWhole (answer) {
  const end = answer.indexOf('\r\n\r\n')
  if (end === -1) return false
  const length = /^content-length: *(\d+)/im.exec(answer)
  if (length !== null && length.index < end) return answer.length >= end + 4 + Number(length[1])
  if (/^transfer-encoding: *chunked/im.test(answer)) return answer.endsWith('\r\n0\r\n\r\n')
  throw new Error(`an answer without its length:\n${answer}`)
}
