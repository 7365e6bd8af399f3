/**
 * One side of a call, which counts aloud, and prints the code and each number that it hears:
 *
 *   host SERVER      prints the invite, and then calls its first guest
 *   guest INVITE
 */
import wrtc from '@roamhq/wrtc'
import { host, join } from '../../clients/typescript/src/webrtc/index.js'

const EVERY = 100

const [role, address = ''] = process.argv.slice(2)
const print = (value: unknown): void => { console.log(JSON.stringify(value)) }

const hosted = role === 'host' ? await host({ server: address, ...wrtc }) : undefined
if (hosted !== undefined) print({ invite: hosted.invite })
const call = hosted ?? await join(address, { ...wrtc })

for await (const peer of call.peers) {
  let n = 0
  peer.channel.addEventListener('message', ({ data }) => { print({ heard: Number(data) }) })
  print({ code: peer.code })
  const counting = setInterval(() => {
    if (peer.channel.readyState === 'open') peer.channel.send(String(++n))
  }, EVERY)
  print({ closed: String(await peer.closed) })
  clearInterval(counting)
}
