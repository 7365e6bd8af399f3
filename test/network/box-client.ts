/**
 * What a client on the far side does with a box, with the patience of a test:
 *
 *   follow LINK    prints each message
 *   send LINK      sends the numbers from 1 until its input ends, and prints each with its sequence number
 */
import { setTimeout } from 'node:timers/promises'
import { parseAddress } from '../../clients/typescript/src/address.js'
import { Box } from '../../clients/typescript/src/box.js'
import { defaultTimings } from '../../clients/typescript/src/retry.js'

const [what, link = ''] = process.argv.slice(2)
const EVERY = 25
const patience = { minDelay: 50, maxDelay: 500, maxAttempts: 1_000, responseTimeout: 2_000, streamOpenTimeout: 2_000, streamIdleTimeout: 3_000 }
const { server, id } = parseAddress(link)
const box = Box.withTimings(parseAddress(id, server), {}, { ...defaultTimings, ...patience })
const print = (value: unknown): void => { console.log(JSON.stringify(value)) }

if (what === 'follow') {
  for await (const { seq, data } of box.messages()) print({ seq, data })
} else {
  process.stdin.resume()
  for (let n = 1; !process.stdin.readableEnded; n++) {
    print({ n, seq: (await box.send(n)).seq })
    await setTimeout(EVERY)
  }
  process.exit()
}
