import { IncomingMessage } from 'node:http'

const ASKED: unique symbol = Symbol('upgrade')

/**
 * A request that asks for another protocol than WebSocket is an ordinary request, as HTTP has it. Once somebody
 * listens for upgrades, Node takes each such request for one and stops reading its body; Java's HTTP client asks
 * for HTTP/2 with every first request. (`shouldUpgradeCallback` says the same, from Node 24.9 on.)
 */
export class OnlyWebSockets extends IncomingMessage {
  [ASKED]: boolean | null | undefined

  get upgrade (): boolean {
    return this[ASKED] === true && (this.method === 'CONNECT' || this.headers.upgrade?.toLowerCase() === 'websocket')
  }

  // Node sets it, first in the constructor.
  set upgrade (asked: boolean | null) {
    this[ASKED] = asked
  }
}
