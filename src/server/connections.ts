import { readFileSync } from 'node:fs'
import { BlockList, isIPv4, type Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { Condition } from '../condition.js'
import { clientOf } from '../http/address.js'
import { Tally } from '../tally.js'

export interface ConnectionLimits {
  /** How many may be open. */
  total: number
  /** How many may be open from one client address; for IPv6, from one /64 network. */
  perAddress: number
}

interface Limits extends ConnectionLimits {
  /** How many files the process may open. */
  files: number
}

/** How many files the process may need besides its connections: for its store, log and call page. */
const OWN_FILES = 128

/**
 * Closes connections beyond the limits at once. Otherwise each would take a file descriptor, and its
 * unfinished request up to 64 KiB, until it times out.
 *
 * @param proxies addresses and CIDR ranges whose connections carry many clients; only the total applies to them
 */
export function limitConnections (app: FastifyInstance, { total, perAddress, files }: Limits, proxies: readonly string[]): void {
  const most = Math.max(1, Math.min(total, files - OWN_FILES))
  if (most < total) app.log.warn(`At most ${most} connections are accepted, not ${total}, since the process may open only ${files} files`)
  const isProxy = matcher(proxies)
  const full = new Condition(app.log, { level: 'warn', begins: 'Too many connections; new ones are refused', ends: 'Connections are accepted again,' })
  const perClient = new Tally()
  let open = 0

  // `server.maxConnections` would miss the connections that other listeners hand over through this event.
  app.server.on('connection', (socket: Socket) => {
    const { remoteAddress } = socket
    // The client has already disconnected.
    if (remoteAddress === undefined) return socket.destroy()
    const client = isProxy(remoteAddress) ? undefined : clientOf(remoteAddress)
    if (open >= most || (client !== undefined && perClient.of(client) >= perAddress)) {
      full.met(undefined)
      return socket.destroy()
    }
    full.notMet()
    open++
    if (client !== undefined) perClient.add(client, 1)
    socket.once('close', () => {
      open--
      if (client !== undefined) perClient.add(client, -1)
    })
  })
}

/** @returns whether an address is one of these; an IPv4-mapped IPv6 address is its IPv4 address */
export function matcher (addresses: readonly string[]): (address: string) => boolean {
  const list = new BlockList()
  for (const item of addresses) {
    const [address = '', bits] = item.split('/')
    const version = isIPv4(address) ? 'ipv4' : 'ipv6'
    if (bits === undefined) list.addAddress(address, version)
    else list.addSubnet(address, Number(bits), version)
  }
  return address => list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')
}

/** How many files the process may open. Outside Linux, it is unknown and treated as unlimited. */
export function openFileLimit (): number {
  try {
    const [, limit] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? []
    return limit === undefined ? Infinity : Number(limit)
  } catch {
    return Infinity
  }
}
