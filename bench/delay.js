// A connection as it is to a distant server: everything takes this long in each direction.
import { connect, createServer } from 'node:net'
import { once } from 'node:events'

/**
 * Relays connections to a port of this machine, and holds back each piece for `delay` ms.
 * @returns its port, and what ends it
 */
export async function startDelay (target, delay) {
  const sockets = new Set()
  const server = createServer(client => {
    const upstream = connect(target, '127.0.0.1')
    for (const [from, to] of [[client, upstream], [upstream, client]]) {
      sockets.add(from)
      from.setNoDelay()
      from.on('data', data => { setTimeout(() => { to.write(data) }, delay) })
      from.on('end', () => { setTimeout(() => { to.end() }, delay) })
      from.on('error', () => { to.destroy() })
      from.on('close', () => { sockets.delete(from) })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: server.address().port,
    stop () {
      server.close()
      for (const socket of sockets) socket.destroy()
    }
  }
}
