import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { Test } from 'tap'

/** How the resolver fails: with an error, with "no such name", or by saying nothing. */
export type Failure = 'SERVFAIL' | 'NXDOMAIN' | 'silence'

const CODES = { SERVFAIL: 2, NXDOMAIN: 3 }

/**
 * A name server that knows one address for all names, and can fail.
 * @param listening where it listens, on the port of name servers
 */
export async function resolver (t: Test, listening: string, address: string) {
  let failure: Failure | undefined
  let failures = 0
  const socket = createSocket('udp4')
  socket.on('message', (query, { port, address: from }) => {
    if (failure !== undefined) failures++
    if (failure !== 'silence') socket.send(answer(query, address, failure === undefined ? 0 : CODES[failure]), port, from)
  })
  socket.bind(53, listening)
  await once(socket, 'listening')
  t.teardown(() => { socket.close() })
  return {
    /** @returns how many queries have failed so far */
    fail (how: Failure | undefined): number {
      failure = how
      return failures
    },
    get failures () { return failures }
  }
}

const A = 1

/** RFC 1035, section 4: the query with an answer added to it, if it is a question for an IPv4 address. */
function answer (query: Buffer, address: string, code: number): Buffer {
  let end = 12
  while (query[end] !== 0) end += query[end]! + 1
  const question = query.subarray(12, end + 5)
  const found = code === 0 && query.readUInt16BE(end + 1) === A
  const header = Buffer.alloc(12)
  query.copy(header, 0, 0, 2)
  // A response, with recursion desired and available.
  header.writeUInt16BE(0x8180 | code, 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(found ? 1 : 0, 6)
  // The name of the question, type A, class IN, to be kept for 0 s, four bytes.
  const record = Buffer.from([0xc0, 0x0c, 0, A, 0, 1, 0, 0, 0, 0, 0, 4, ...address.split('.').map(Number)])
  return Buffer.concat(found ? [header, question, record] : [header, question])
}
