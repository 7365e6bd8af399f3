// Hosts or joins a call, and replies to what people write. See README.md.
import wrtc from '@roamhq/wrtc'
import { host, join } from 'signalbox-client/webrtc'

const { RTCPeerConnection } = wrtc

const [target = 'http://localhost:8080', page] = process.argv.slice(2)

const answers = new Map([
  ['ping', () => 'pong'],
  ['time', () => new Date().toISOString()]
])

try {
  const call = target.includes('#') ? await join(target, { RTCPeerConnection }) : await hostCall()
  process.once('SIGINT', () => { call.close().catch(fail) })
  for await (const peer of call.peers) serve(peer)
  // The loop ends at once, but everyone still has to be told.
  await call.close()
  // WebRTC's threads would keep the process alive.
  process.exit()
} catch (error) {
  fail(error)
}

async function hostCall () {
  const call = await host({
    server: target,
    ...(page && { page }),
    RTCPeerConnection,
    refused: error => { console.error(`A guest could not be connected: ${error.message}`) }
  })
  console.log(`Invite: ${call.invite}`)
  return call
}

function serve ({ channel, code, closed }) {
  console.log(`Connected, code ${code}`)
  channel.addEventListener('message', ({ data }) => {
    const answer = answers.get(String(data).trim())
    if (answer !== undefined && channel.readyState === 'open') channel.send(answer())
  })
  closed.then(error => { console.log(error?.message ?? 'The other side left.') })
}

function fail (error) {
  console.error(error.message)
  process.exit(1)
}
