// The y-webrtc endpoint beside the server of y-webrtc.
import { once } from 'node:events'
import WebSocket from 'ws'
import { compare } from './compat.js'
import { message } from './lib.js'

const publication = (topic, data) => JSON.stringify({ type: 'publish', topic, data })

function clientsAt (url) {
  /** Only what comes back shows that a client is subscribed. */
  const connect = async topic => {
    const socket = new WebSocket(url.replace('http', 'ws'))
    await once(socket, 'open')
    socket.send(JSON.stringify({ type: 'subscribe', topics: [topic] }))
    socket.send(publication(topic, 'announce'))
    await once(socket, 'message')
    return socket
  }
  return {
    connect,
    pair: async i => {
      const [host, guest] = [await connect(`pair-${i}`), await connect(`pair-${i}`)]
      return { host, guest, text: publication(`pair-${i}`, message) }
    }
  }
}

export async function run () {
  await compare({ protocol: 'y-webrtc', official: 'y-webrtc server', opened: 'subscribed', clientsAt })
}
