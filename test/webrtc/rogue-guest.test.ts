import t from 'tap'
import { parseDescription } from '../../clients/typescript/src/webrtc/agreement.js'
import { parseCandidate, RemoteCandidates } from '../../clients/typescript/src/webrtc/candidates.js'
import type { Channel } from '../../clients/typescript/src/webrtc/channel.js'
import { connect } from '../../clients/typescript/src/webrtc/connect.js'
import { CallError } from '../../clients/typescript/src/webrtc/errors.js'
import { parseInvite } from '../../clients/typescript/src/webrtc/invite.js'
import { Queue } from '../../clients/typescript/src/webrtc/queue.js'
import { line, newFingerprint, sdpWith } from './fake-connection.js'
import { quiet, type FakeServer } from './fake-server.js'
import { rogueGuest } from './rogue-guest.js'
import { next } from './serve.js'
import { until } from '../helpers/until.js'

/** Sends a value as JSON text, such as one that `JSON.stringify` cannot write, but `JSON.parse` reads. */
async function sendText (channel: Channel, text: string): Promise<void> {
  const stringify = JSON.stringify
  JSON.stringify = ((value: unknown) => Array.isArray(value) && value[0] === 'in its place' ? `[${text}]` : stringify(value)) as typeof stringify
  try {
    await channel.send('in its place')
  } finally {
    JSON.stringify = stringify
  }
}

t.test('a deeply nested candidate is ignored, and the call continues', async t => {
  const { channel, connection, join } = await rogueGuest(t)
  const peer = await join()
  await sendText(channel, `{"candidate":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}`)
  await channel.send({ candidate: { candidate: 'candidate:1 later', sdpMid: '0' } })
  await quiet()
  t.strictSame(connection.candidates, [{ candidate: 'candidate:1 later', sdpMid: '0' }])
  await peer.close()
})

t.test('a guest that only ends its boxes keeps its place, and those who come at the same moment get no more than are left', async t => {
  const { call, channel, fetch, join, refused } = await rogueGuest(t, undefined, { maxGuests: 2 })
  const peer = await join()
  await channel.close(new CallError('CALL_ERR_GONE'))
  await quiet()
  const others = await Promise.all([1, 2].map(async () => await connect(call.invite, { hello: { commitment: '' }, fetch })))
  t.teardown(() => Promise.all(others.map(other => other.close())))
  const heard = await Promise.allSettled(others.map(async other => await next(other)))
  t.strictSame(heard.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  t.strictSame(refused, ['CALL_ERR_FULL'])
  await peer.close()
})

t.test('an unforeseen error ends the call and its channel as a malformed message would', async t => {
  const { channel, connection, join } = await rogueGuest(t)
  const peer = await join()
  Object.defineProperty(connection, 'remoteDescription', { get () { throw new RangeError('unforeseen') } })
  await channel.send({ candidate: { candidate: 'candidate:1' } })
  t.match(await peer.closed, { code: 'CALL_ERR_FORMAT', cause: RangeError })
  await quiet()
  await t.rejects(channel.send('more'), { code: 'CALL_ERR_CLOSED' })
})

t.test('a candidate is flat and short, and has no other members', t => {
  const candidate = 'candidate:1'
  t.strictSame(parseCandidate({ candidate, sdpMid: '0', sdpMLineIndex: 0, usernameFragment: 'abcd', more: {} }),
    { candidate, sdpMid: '0', sdpMLineIndex: 0, usernameFragment: 'abcd' })
  t.strictSame(parseCandidate({ candidate, sdpMid: null, sdpMLineIndex: null, usernameFragment: null }), { candidate })
  for (const value of [null, 'candidate:1', {}, { candidate: {} }, { candidate: 'x'.repeat(5_000) }, { candidate, sdpMid: 'x'.repeat(300) },
    { candidate, sdpMid: {} }, { candidate, sdpMLineIndex: '0' }, { candidate, usernameFragment: ['x'] }]) t.equal(parseCandidate(value), undefined)
  t.end()
})

t.test('a host accepts a hundred candidates, inside and outside the description', async t => {
  const { channel, connection, answer } = await rogueGuest(t)
  await answer(Array.from({ length: 150 }, (_, index) => `a=candidate:${index} 1 udp 1 192.0.2.1 9 typ host\r\n`).slice(0, 60).join(''))
  for (let index = 100; index < 250; index++) await channel.send({ candidate: { candidate: `candidate:${index} 1 udp 1 192.0.2.1 9 typ host`, sdpMid: '0' } })
  await quiet()
  t.equal(connection.remoteDescription!.sdp!.match(/a=candidate/g)?.length, 60)
  t.equal(connection.candidates.length, 40)
})

t.test('candidates beyond a hundred are removed from a description, except known ones; an ICE restart resets the count', t => {
  const remote = new RemoteCandidates()
  const sdp = (ufrag: string, from: number, count: number) => ['v=0', 'm=audio 9 x', `a=ice-ufrag:${ufrag}`, 'a=mid:0',
    ...Array.from({ length: count }, (_, index) => `a=candidate:${from + index}`), ''].join('\r\n')
  const count = (text: string) => text.match(/candidate:/g)?.length ?? 0
  const limited = remote.limit(`${sdp('one', 0, 5_000)}a=x\r\n`)
  t.equal(count(limited), 100)
  t.notMatch(limited, /\n\r?\n/, 'their lines are removed whole')
  t.equal(remote.limit(sdp('one', 0, 100)), sdp('one', 0, 100), 'what is known is left as it is')
  t.ok(remote.admit({ candidate: 'candidate:7', sdpMid: '0' }))
  t.ok(remote.admit({ candidate: 'candidate:7', sdpMLineIndex: 0 }))
  t.notOk(remote.admit({ candidate: 'candidate:7', sdpMid: '1' }), 'another section is another path')
  t.equal(count(remote.limit(sdp('one', 500, 100))), 0, 'the same ICE session')
  t.equal(count(remote.limit(sdp('two', 500, 100))), 100)
  t.equal(count(remote.limit('v=0\r\na= candidate:1')), 0, 'another spelling')
  t.end()
})

t.test('a guest that the server gives the host\'s own box does not get the host\'s id', async t => {
  const { call, fetch, refused } = await rogueGuest(t, undefined, { mesh: true })
  const { key: { hostDrop } } = await parseInvite(call.invite)
  const impostor = await connect(call.invite, {
    hello: {},
    fetch: async input => {
      const response = await fetch(input)
      const request = input as Request
      if (request.method !== 'POST' || !request.url.endsWith('/boxes')) return response
      return Response.json({ ...await response.json() as object, drop: hostDrop }, { status: 201 })
    }
  })
  await until(() => refused.includes('CALL_ERR_FOREIGN'))
  t.same(refused, ['CALL_ERR_FOREIGN'])
  await impostor.close()
})

t.test('a description is limited to as many lines as a peer connection can handle without blocking', t => {
  const lines = (text: (i: number) => string, count: number) => ({
    type: 'offer', sdp: sdpWith(line(newFingerprint())) + Array.from({ length: count }, (_, i) => text(i) + '\r\n').join('')
  })
  for (const [most, text] of [[128, (i: number) => `a=fmtp:96 x${i}=1`], [128, (i: number) => `a=rtcp-fb:96 x${i}`], [2_048, (i: number) => `a=ssrc:${i} cname:x`]] as const) {
    t.ok(parseDescription(lines(text, most)))
    t.throws(() => parseDescription(lines(text, most + 1)), { code: 'CALL_ERR_DESCRIPTION' })
    t.throws(() => parseDescription(lines(i => ' ' + text(i), most + 1)), { code: 'CALL_ERR_DESCRIPTION' })
  }
  t.throws(() => parseDescription(lines(i => `a=rtpmap:${i} x/1`, 16_384)), { code: 'CALL_ERR_DESCRIPTION' })
  const section = (length: number) => `m=video 9 x 96\r\na=fmtp:96 ${'x'.repeat(length - 10)}`
  const wildcards = (count: number) => `m=video 9 x ${Array.from({ length: 32 }, (_, i) => i + 96).join(' ')}\r\n${'a=rtcp-fb:* nack\r\n'.repeat(count)}`
  t.ok(parseDescription(lines(() => wildcards(4), 1)))
  t.throws(() => parseDescription(lines(() => wildcards(5), 1)), { code: 'CALL_ERR_DESCRIPTION' }, 'one for each of 32 formats')
  t.ok(parseDescription(lines(() => section(16_384), 2)), 'in each section')
  const formats = (numbers: number[]) => `m=video 9 x ${numbers.join(' ')}`
  t.ok(parseDescription(lines(() => formats(Array.from({ length: 128 }, (_, i) => i)), 2)))
  t.throws(() => parseDescription(lines(() => formats(Array.from({ length: 129 }, (_, i) => i)), 1)), { code: 'CALL_ERR_DESCRIPTION' })
  t.throws(() => parseDescription(lines(() => formats([96, 97, 96]), 1)), { code: 'CALL_ERR_DESCRIPTION' }, 'a format twice')
  t.throws(() => parseDescription(lines(() => 'm=video 9 x 96  096', 1)), { code: 'CALL_ERR_DESCRIPTION' }, 'in another spelling')
  t.ok(parseDescription(lines(i => `m=video 9 x 96 97\r\na=rtpmap:96 x/${i}\r\na=rtpmap:97 x/1`, 2)), 'each section maps its own formats')
  for (const again of ['96', '096', ' 96']) {
    t.throws(() => parseDescription(lines(() => `m=video 9 x 96\r\na=rtpmap:96 x/1\r\na=rtpmap:${again} y/1`, 1)), { code: 'CALL_ERR_DESCRIPTION' }, 'mapped twice')
  }
  t.throws(() => parseDescription(lines(() => section(16_385), 1)), { code: 'CALL_ERR_DESCRIPTION' })
  t.end()
})

t.test('a description has at most 64 sections', async t => {
  const { refused, answer } = await rogueGuest(t)
  const description = (sections: number) => ({ type: 'offer', sdp: sdpWith(line(newFingerprint())) + 'm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n'.repeat(sections - 1) })
  t.ok(parseDescription(description(64)))
  t.throws(() => parseDescription(description(65)), { code: 'CALL_ERR_DESCRIPTION' })
  t.throws(() => parseDescription({ ...description(1), sdp: description(65).sdp.replaceAll('\r\n', '\r') }))
  await answer('m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n'.repeat(1_000))
  t.strictSame(refused, ['CALL_ERR_DESCRIPTION'])
})

t.test('an unread inbox is limited by size as well as by number', async t => {
  const queue = new Queue<string>(1024, 100)
  t.ok(queue.push('a', 60))
  t.notOk(queue.push('b', 60))
  t.ok(queue.push('c', 40))
  await queue[Symbol.asyncIterator]().next()
  t.ok(queue.push('d', 60), 'what was taken out makes room')
})

t.test('a channel that nobody reads ends before its values fill the memory', async t => {
  const { channel, connection, refused, answer } = await rogueGuest(t)
  await answer()
  let release: (() => void) | undefined
  connection.addIceCandidate = async () => { await new Promise<void>(resolve => { release = resolve }) }
  await channel.send({ candidate: { candidate: 'candidate:slow', sdpMid: '0' } })
  await quiet()
  const large = { text: 'x'.repeat(500_000) }
  await t.rejects((async () => { for (let sent = 0; sent < 8; sent++) await channel.send(large) })(), { name: 'CallError' })
  release?.()
  await quiet()
  t.strictSame(refused, ['CALL_ERR_FULL'])
})

t.test('a refusal is reported before the host gives up telling the guest', async t => {
  let stuck = false
  const through = (fetch: FakeServer['fetch']) => async (input: RequestInfo | URL) => {
    const { method, signal } = input as Request
    if (!stuck || method !== 'POST') return await fetch(input)
    await new Promise(resolve => { signal.addEventListener('abort', resolve) })
    refused.push('gave up')
    throw signal.reason
  }
  const { channel, refused } = await rogueGuest(t, through)
  stuck = true
  await channel.send({ description: 'none' })
  await until(() => refused.length > 0)
  t.equal(refused[0], 'CALL_ERR_FORMAT')
})

t.test('a closed data channel ends the call, whatever the connection does', async t => {
  const { connection, join } = await rogueGuest(t)
  const peer = await join()
  const state = (connectionState: RTCPeerConnectionState) => {
    connection.connectionState = connectionState
    connection.dispatchEvent(new Event('connectionstatechange'))
  }
  state('disconnected')
  connection.channel.dispatchEvent(new Event('close'))
  state('connected')
  t.match(await peer.closed, { code: 'CALL_ERR_LOST' })
})
