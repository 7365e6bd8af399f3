// The PeerJS server. Its clients only speak over WebSockets, and nothing acknowledges a message.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import WebSocket from 'ws'
import { startProcess } from '../lib.js'
import { text } from './work.js'

const { version } = JSON.parse(readFileSync(new URL('../../node_modules/peer/package.json', import.meta.url), 'utf8'))

export const peerJs = {
  name: 'PeerJS server',
  durability: 'not kept',
  find: () => ({ version, configuration: 'no limit on clients; both sides on WebSockets' }),
  async start () {
    const { url, pid, stop } = await startProcess('./compat-server.js', ['peerjs', 'official'])
    const connect = async id => {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/peerjs?key=peerjs&id=${id}&token=${id}`)
      await once(socket, 'message')
      return socket
    }
    const sender = await connect('sender')
    let clients = 0
    return {
      url,
      pids: [pid],
      async stop () {
        sender.terminate()
        await stop()
      },
      // A channel is a client's name, which others send to: each subscriber is one.
      channel: async () => `client-${clients++}`,
      async subscribe (id, onMessage) {
        const socket = await connect(id)
        socket.on('message', onMessage)
        return () => { socket.terminate() }
      },
      async send (id) { sender.send(JSON.stringify({ type: 'OFFER', dst: id, payload: text })) }
    }
  }
}
