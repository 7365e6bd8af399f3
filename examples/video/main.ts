// A video call between the host and any number of guests. See README.md.
import { host, join, type HostedCall } from 'signalbox-client/webrtc'

/** The base URL of the box routes, inserted by the bundler. */
declare const SERVER: string

const status = document.querySelector('p')!
const button = document.querySelector('button')!
const self = document.querySelector<HTMLVideoElement>('#self')!
const videos = new Map<RTCPeerConnection, HTMLVideoElement>()

// Browsers play sound only after the user has interacted with the page.
button.addEventListener('click', () => {
  button.disabled = true
  run().catch((error: Error) => { status.textContent = error.message })
})

// Pasting an invite into the address bar changes only the fragment, which does not reload the page.
addEventListener('hashchange', () => { location.reload() })

async function run (): Promise<void> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true })
  self.srcObject = stream
  const prepare = (connection: RTCPeerConnection) => {
    for (const track of stream.getTracks()) connection.addTrack(track, stream)
    const video = Object.assign(document.createElement('video'), { autoplay: true, playsInline: true })
    connection.addEventListener('track', ({ streams: [theirs] }) => { video.srcObject = theirs ?? null })
    videos.set(connection, video)
  }
  status.textContent = 'Connecting…'
  const call = location.hash === '' ? await hostCall(prepare) : await join(location.href, { prepare })
  for await (const peer of call.peers) {
    const video = videos.get(peer.connection)!
    document.body.append(video)
    status.textContent = `Connected. Compare this code by voice: ${peer.code}`
    peer.closed.then(error => {
      video.remove()
      status.textContent = error instanceof Error ? error.message : 'The other side left.'
    })
  }
  status.textContent = 'The call is over.'
}

async function hostCall (prepare: (connection: RTCPeerConnection) => void): Promise<HostedCall> {
  const call = await host({
    server: SERVER,
    page: location.href,
    prepare,
    refused: error => { status.textContent = `A guest could not be connected: ${error.message}` }
  })
  const link = Object.assign(document.createElement('a'), { href: call.invite, textContent: call.invite, target: '_blank' })
  status.replaceChildren('Send this link to your guest: ', link)
  return call
}
