// The PeerJS endpoint beside the PeerJS server.
import { once } from 'node:events'
import WebSocket from 'ws'
import { compare } from './compat.js'
import { message } from './lib.js'

const payload = JSON.parse(message)

function clientsAt (url) {
  const connect = async id => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/peerjs?key=peerjs&id=${id}&token=${id}`)
    const [text] = await once(socket, 'message')
    if (JSON.parse(text).type !== 'OPEN') throw new Error(`The server sent ${text}`)
    return socket
  }
  return {
    connect,
    pair: async i => ({
      host: await connect(`host-${i}`),
      guest: await connect(`guest-${i}`),
      text: JSON.stringify({ type: 'OFFER', dst: `host-${i}`, payload })
    })
  }
}

export async function run () {
  await compare({ protocol: 'peerjs', official: 'PeerJS server', opened: 'OPEN', clientsAt })
}
