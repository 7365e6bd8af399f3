// Many senders on connections of their own, each with its next message as soon as the last one is answered.
// As little work for each as Node allows: a load that is busier than the server it loads measures itself,
// as autocannon does here, which reads answers in JavaScript, header by header.
import { connect } from 'node:net'
import { message } from './lib.js'

/**
 * Stores messages in these boxes, in turn, for as many seconds. Rejects if one is refused or a connection breaks.
 * @returns how many were stored, in how many seconds, how many a second, and how busy this process was meanwhile (1: all the time)
 */
export async function load (url, boxes, { connections, seconds }) {
  const { hostname, port } = new URL(url)
  const requests = boxes.map(box => Buffer.from(
    `POST /boxes/${box}/messages HTTP/1.1\r\nhost: ${hostname}\r\ncontent-type: application/json\r\ncontent-length: ${message.length}\r\n\r\n${message}`
  ))
  const before = performance.eventLoopUtilization()
  const begun = performance.now()
  const end = begun + seconds * 1000
  let turn = 0
  const next = () => {
    if (performance.now() < end) return requests[turn++ % requests.length]
  }
  const answered = await Promise.all(Array.from({ length: connections }, () => send(hostname, port, next)))
  const stored = answered.reduce((sum, count) => sum + count)
  const took = (performance.now() - begun) / 1000
  return { stored, seconds: took, rate: stored / took, busy: performance.eventLoopUtilization(before).utilization }
}

/** Sends what `next` gives, one after the other, until it gives nothing. Resolves to how many were answered. */
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

/** Whether this is a whole answer: its head, and as many bytes as that says. */
function isWhole (answer) {
  const end = answer.indexOf('\r\n\r\n')
  if (end === -1) return false
  const length = answer.indexOf('content-length: ')
  if (length === -1) throw new Error(`an answer without its length:\n${answer}`)
  return answer.length >= end + 4 + Number.parseInt(answer.slice(length + 16, end))
}
