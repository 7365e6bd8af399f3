import type { Socket } from 'node:net'

/** Resolves once the socket has closed, by a reset too; Node reports one in some versions and not in others. */
export async function closed (socket: Socket): Promise<void> {
  if (socket.closed) return
  socket.on('error', () => {})
  await new Promise<void>(resolve => { socket.once('close', () => { resolve() }) })
}
