import { dropAddress } from '../../src/box/capability.js'
import { until, type RedisServer } from '../helpers/redis-server.js'
import type { History } from './history.js'

type Slots = [from: number, to: number][]

interface Fall {
  slots: Slots
  safe: number
  call: number
  return: number
}

/** Failovers of a Cluster, and what they may have undone. */
export class Failovers {
  readonly #nodes: RedisServer[]
  readonly #falls: Fall[] = []

  constructor (nodes: RedisServer[]) {
    this.#nodes = nodes
  }

  /** Kills a master once its replica has all that was answered up to a moment, and brings it back as a replica. */
  async failOver (history: History): Promise<void> {
    const victim = await this.#aMaster()
    const [slots = []] = (await victim.cli('cluster', 'nodes')).split('\n').filter(line => line.includes('myself')).map(slotsIn)
    const safe = history.now()
    const written = Number(/master_repl_offset:(\d+)/.exec(await victim.cli('info', 'replication'))?.[1])
    await until(async () => Number(/slave0:.*offset=(\d+)/.exec(await victim.cli('info', 'replication'))?.[1]) >= written)
    const call = history.now()
    await victim.kill()
    const witness = this.#nodes.find(node => node !== victim) as RedisServer
    await until(async () => {
      const lines = (await witness.cli('cluster', 'nodes')).split('\n')
      return lines.filter(line => line.includes(`:${victim.port}@`)).every(line => slotsIn(line).length === 0)
    })
    this.#falls.push({ slots, safe, call, return: history.now() })
    await victim.run()
    await until(async () => (await victim.cli('info', 'replication')).includes('master_link_status:up'))
  }

  async #aMaster (): Promise<RedisServer> {
    for (const node of this.#nodes) {
      if ((await node.cli('info', 'replication')).includes('role:master')) return node
    }
    throw new Error('No node is a master.')
  }

  /** Notes the failovers, with the boxes that each concerns. */
  note (history: History, boxes: string[]): void {
    for (const { slots, ...fall } of this.#falls) {
      const concerned = boxes.filter(box => slots.some(([from, to]) => slotOf(dropAddress(box)) >= from && slotOf(dropAddress(box)) <= to))
      history.note({ event: 'failover', boxes: concerned, ...fall })
    }
  }
}

/** The slots in a line of `CLUSTER NODES`, which come last. */
function slotsIn (line: string): Slots {
  return line.split(' ').slice(8).map(range => range.split('-').map(Number)).map(([from = 0, to = from]) => [from, to])
}

/** As the specification of Redis Cluster has it: CRC-16/XMODEM, of what is in braces. */
function slotOf (tag: string): number {
  let crc = 0
  for (const byte of Buffer.from(tag)) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021
    crc &= 0xffff
  }
  return crc % 16_384
}
