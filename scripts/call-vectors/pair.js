/* Two guests, whom the host introduces. */

import { createECDH, createHash } from 'node:crypto'
import { base64url, commitmentTo, fixed, fromBase64url, idOf, Sealing } from './sealing.js'

function guestWith (first) {
  const ecdh = createECDH('prime256v1')
  const privateKey = fixed(first, 32)
  ecdh.setPrivateKey(privateKey)
  const self = base64url(fixed(first + 0x40, 16))
  return { self, id: idOf(self), privateKey: base64url(privateKey), key: base64url(ecdh.getPublicKey()) }
}

const fingerprintFrom = first => `sha-256 ${[...fixed(first, 32)].map(byte => byte.toString(16).padStart(2, '0').toUpperCase()).join(':')}`
const sdpWith = fingerprint => ['v=0', 'o=- 1 2 IN IP4 127.0.0.1', 's=-', 't=0 0', 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel', `a=fingerprint:${fingerprint}`, 'a=mid:0', ''].join('\r\n')

const guests = [guestWith(0x01), guestWith(0x21)]
const [host, guest] = [...guests].sort((a, b) => a.id < b.id ? -1 : 1)

const ecdh = createECDH('prime256v1')
ecdh.setPrivateKey(fromBase64url(host.privateKey))
const shared = ecdh.computeSecret(fromBase64url(guest.key))
const secret = createHash('sha256').update(shared).update(['signalbox v1', 'pair', host.key, guest.key].join('\n')).digest()

const [guestNonce, hostNonce, opening, random] = [0x60, 0x70, 0x80, 0x90].map(first => base64url(fixed(first, 16)))
const [hostFingerprint, guestFingerprint] = [fingerprintFrom(0xa0), fingerprintFrom(0xc0)]
const sealing = new Sealing({ secret, host: host.id, guest: guest.id, guestNonce, hostNonce })

const helloValue = { drop: guest.id, hello: { commitment: commitmentTo(opening, guestFingerprint) } }
const hello = { value: helloValue, message: sealing.hello(helloValue) }
const spoken = [
  ['host', [{ seq: 1, random, description: { type: 'offer', sdp: sdpWith(hostFingerprint) } }]],
  ['guest', [{ seq: 1, opening, description: { type: 'answer', sdp: sdpWith(guestFingerprint) } }]],
  ['host', null]
].map(([from, value]) => ({ value, message: sealing.message(from, value) }))

/** The host of the call adds who sent it. */
const relayed = ({ message }) => {
  const from = message.from === 'guest' ? guest.id : host.id
  return { fromGuest: { type: 'relay', message }, fromHost: { type: 'relay', from, message } }
}

const meet = ({ id, key }) => ({ type: 'meet', id, key })
const spoiled = change => {
  const bytes = fromBase64url(host.key)
  change(bytes)
  return base64url(bytes)
}

export const pair = {
  host,
  guest,
  meet: { toHost: meet(guest), toGuest: meet(host) },
  shared: base64url(shared),
  secret: base64url(secret),
  keyId: sealing.id,
  guestNonce,
  hostNonce,
  messages: [hello, ...spoken].map(each => ({ ...each, relay: relayed(each) })),
  code: { opening, random, hostFingerprint, guestFingerprint, digits: sealing.code(opening, random, hostFingerprint, guestFingerprint) },
  refusedKeys: [
    { why: 'not on the curve', key: spoiled(bytes => { bytes[64] ^= 1 }), code: 'CALL_ERR_KEY' },
    { why: 'no coordinates', key: base64url(Buffer.alloc(65)), code: 'CALL_ERR_KEY' },
    { why: 'a coordinate that is no element of the field', key: spoiled(bytes => { bytes.fill(0xff, 1) }), code: 'CALL_ERR_KEY' }
  ],
  refusedMeetings: [
    { why: 'no id', message: { type: 'meet', key: host.key } },
    { why: 'an id that is too short', message: { type: 'meet', id: host.id.slice(1), key: host.key } },
    { why: 'an id in another spelling', message: { type: 'meet', id: 'mmmmmmmmmmmmmmmmmmmmmB', key: host.key } },
    { why: 'no key', message: { type: 'meet', id: host.id } },
    { why: 'a compressed point', message: { type: 'meet', id: host.id, key: base64url(Buffer.concat([Buffer.from([2]), fromBase64url(host.key).subarray(1, 33)])) } },
    { why: 'a key with padding', message: { type: 'meet', id: host.id, key: `${host.key}=` } }
  ].map(each => ({ ...each, code: 'CALL_ERR_FORMAT' })),
  refusedHellos: [
    { why: 'of another guest', value: { ...helloValue, drop: host.id }, code: 'CALL_ERR_FORMAT' },
    { why: 'with a drop address', value: { ...helloValue, drop: `drop_${'a'.repeat(32)}` }, code: 'CALL_ERR_FORMAT' }
  ].map(({ why, value, code }) => ({ why, message: sealing.hello(value), code }))
}
