import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

/** Tells everyone its own address (RFC 8489, Binding), and no more. @returns its URL */
export async function stunServer (t: Test): Promise<string> {
  const socket = createSocket('udp4')
  t.teardown(() => { socket.close() })
  socket.on('message', (request, { address, port }) => {
    if (request.length < 20 || request.readUInt16BE(0) !== 0x0001) return
    const answer = Buffer.alloc(32)
    request.copy(answer, 4, 4, 20)
    answer.writeUInt16BE(0x0101, 0)
    answer.writeUInt16BE(12, 2)
    answer.writeUInt16BE(0x0020, 20) // XOR-MAPPED-ADDRESS, 8 bytes, IPv4
    answer.writeUInt16BE(8, 22)
    answer.writeUInt16BE(1, 24)
    answer.writeUInt16BE(port ^ 0x2112, 26)
    for (const [index, byte] of address.split('.').entries()) answer[28 + index] = Number(byte) ^ [0x21, 0x12, 0xA4, 0x42][index]!
    socket.send(answer, port, address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return `stun:127.0.0.1:${(socket.address() as AddressInfo).port}`
}
