// One page for host and guest: opened from an invite, it joins a call; otherwise, it hosts one.
import { host, join } from 'signalbox-client/webrtc'

const link = document.querySelector('a')
const lines = document.querySelector('ul')
const form = document.querySelector('form')
const button = document.querySelector('button')

/** Everyone this page is connected to: the host's guests, or a guest's host. */
const peers = new Set()

form.addEventListener('submit', event => {
  event.preventDefault()
  const text = form.elements.text.value
  for (const { channel } of peers) {
    if (channel.readyState === 'open') channel.send(text)
  }
  show(`You: ${text}`)
  form.reset()
})

// Pasting an invite into the address bar changes only the fragment, which does not reload the page.
window.addEventListener('hashchange', () => window.location.reload())

try {
  const { hash, href } = window.location
  const call = hash === '' ? await hostCall(href) : await join(href)
  window.addEventListener('pagehide', () => call.close())
  for await (const peer of call.peers) talkTo(peer)
  show('The call is over.')
} catch (error) {
  show(error.message)
}

async function hostCall (page) {
  const call = await host({
    server: new URL('signal', page),
    page,
    refused: error => show(`A guest could not be connected: ${error.message}`)
  })
  link.href = link.textContent = call.invite
  link.parentElement.hidden = false
  return call
}

function talkTo (peer) {
  peer.channel.addEventListener('message', ({ data }) => show(`Them: ${data}`))
  peers.add(peer)
  button.disabled = false
  show(`Connected. Compare this code by voice: ${peer.code}`)
  peer.closed.then(error => {
    peers.delete(peer)
    button.disabled = peers.size === 0
    show(error?.message ?? 'The other side left.')
  })
}

function show (text) {
  const line = document.createElement('li')
  line.textContent = text
  lines.append(line)
}
