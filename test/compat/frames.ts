import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import fc, { type Arbitrary } from 'fast-check'

/** how long a socket may stay that the server does not end, in ms */
const PATIENCE = 50

/** A frame as a client sends it, with a mask of zeros, which changes nothing. */
export function frame ({ first, payload, lie }: Frame): Buffer {
  const said = lie ?? payload.length
  const length = said < 126 ? Buffer.from([0x80 | said]) : Buffer.from([0xfe, said >> 8 & 255, said & 255])
  return Buffer.concat([Buffer.from([first]), length, Buffer.alloc(4), payload])
}

interface Frame {
  /** the first byte */
  first: number
  payload: Buffer
  /** a length that is not the payload's */
  lie: number | undefined
}

/** Frames of clients, or nearly so. */
export function framesOf (messages: Arbitrary<unknown>, maxMessage: number): Arbitrary<Frame> {
  return fc.record({
    // The first bytes of a text, of its pieces, of a ping, a pong and a close, and any other.
    first: fc.oneof(fc.constantFrom(0x81, 0x01, 0x00, 0x80, 0x82, 0x88, 0x89, 0x8a, 0xc1), fc.nat(255)),
    payload: fc.oneof(messages.map(message => Buffer.from(JSON.stringify(message))), fc.uint8Array({ maxLength: 2 * maxMessage }).map(bytes => Buffer.from(bytes))),
    lie: fc.option(fc.nat(65_535), { nil: undefined, freq: 5 })
  })
}

/** The request of a client for a WebSocket. */
export function handshake (path: string): Buffer {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`)
}

/** Sends the bytes over a connection of its own. Resolves when it is closed. */
export async function attack (port: number, chunks: readonly Uint8Array[]): Promise<void> {
  const socket = connectTcp(port, '127.0.0.1')
  socket.on('error', () => {})
  const closed = once(socket, 'close')
  for (const chunk of chunks) socket.write(chunk)
  socket.resume()
  const timer = setTimeout(() => { socket.destroy() }, PATIENCE)
  await closed
  clearTimeout(timer)
}
