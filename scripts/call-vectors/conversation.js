/* A whole conversation: what two programs said, as recorded, sealed with fixed keys. */

import { readFileSync } from 'node:fs'
import { base64url, commitmentTo, fingerprintOf, fixed, guestDrop, hostDrop, Sealing } from './sealing.js'

const recording = JSON.parse(readFileSync(new URL('recording.json', import.meta.url)))
const secret = fixed(0x00, 32)
const [guestNonce, hostNonce, self] = [0x40, 0x60, 0x30].map(first => base64url(fixed(first, 16)))
const sealing = new Sealing({ secret, host: hostDrop, guest: guestDrop, guestNonce, hostNonce })
const [{ random, description: offer }] = recording[0].value
const [{ opening, description: answer }] = recording[1].value
const [hostFingerprint, guestFingerprint] = [offer, answer].map(({ sdp }) => fingerprintOf(sdp))
const hello = { drop: guestDrop, hello: { commitment: commitmentTo(opening, guestFingerprint), self } }

export const conversation = {
  invite: `https://box.example/#v=1&drop=${hostDrop}&key=${base64url(secret)}&id=${sealing.id}`,
  guestDrop,
  guestNonce,
  hostNonce,
  steps: [
    { from: 'guest', over: 'boxes', value: hello, message: sealing.hello(hello) },
    ...recording.map(step => step.over === 'boxes' ? { ...step, message: sealing.message(step.from, step.value) } : step)
  ],
  code: sealing.code(opening, random, hostFingerprint, guestFingerprint),
  reported: { host: null, guest: null }
}
