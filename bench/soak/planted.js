// Faults that the soak must notice, in the server's process: `node --import`. Which one is in SOAK_PLANTED.
import { Server } from 'node:http'

const kept = []

const faults = {
  /** memory that is never given back: a kibibyte per request */
  leak: request => { kept.push(Buffer.alloc(1024, request.url)) },
  /** connections that are never closed: one in fifty */
  descriptors: request => {
    if (Math.random() > 0.02 || kept.includes(request.socket)) return
    kept.push(request.socket)
    request.socket.destroy = function () { return this }
  },
  /** work that takes longer with every request */
  delay: request => {
    kept.push(request.url)
    const end = performance.now() + kept.length / 4_000
    while (performance.now() < end);
  },
  /** one response in a thousand comes without what it was asked to do */
  loss: (request, response) => {
    if (request.method === 'POST' && request.url.endsWith('/messages') && Math.random() < 0.001) {
      response.end('{"type":"ack","data":1,"seq":1}')
      return true
    }
  }
}

const plant = faults[process.env.SOAK_PLANTED]
const emit = Server.prototype.emit
Server.prototype.emit = function (event, request, response) {
  if (event === 'request' && plant(request, response) === true) return true
  return emit.apply(this, arguments)
}
