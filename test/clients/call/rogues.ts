import t, { type Test } from 'tap'
import { toBase64url, utf8 } from '../../../clients/typescript/src/bytes.js'
import { connect } from '../../../clients/typescript/src/webrtc/connect.js'
import { deferred } from '../../../clients/typescript/src/webrtc/deferred.js'
import { commit } from '../../../clients/typescript/src/webrtc/short-code.js'
import { line, newFingerprint, sdpWith } from '../../webrtc/fake-connection.js'
import { end, Gathered, hostAt, joinTo } from '../../webrtc/node-peers.js'
import { next, serve } from '../../webrtc/serve.js'
import { stunServer } from '../../webrtc/stun-server.js'
import { type Program } from './programs.js'
import { libraries } from './libraries.js'

const timings = { answer: 5_000, ice: 5_000, close: 1_000 }
const many = (line: string, count: number) => `${line}\r\n`.repeat(count)
const description = (type: string, ...lines: string[]) => ({ type, sdp: sdpWith(...lines) })
const fingerprint = line(newFingerprint())
let calls = 0

/* What someone with the invite says in place of an answer. `own` is the fingerprint that it has committed to. */
const answers: Record<string, [code: string, answer: (own: string, opening: string) => unknown]> = {
  'with another fingerprint': ['CALL_ERR_FINGERPRINT', (_own, opening) => ({ opening, description: description('answer', fingerprint) })],
  'with a second fingerprint': ['CALL_ERR_FINGERPRINT', (own, opening) => ({ opening, description: description('answer', own, fingerprint) })],
  'without a fingerprint': ['CALL_ERR_FINGERPRINT', (_own, opening) => ({ opening, description: description('answer') })],
  'with another opening': ['CALL_ERR_FINGERPRINT', (own, opening) => ({ opening: opening.replace(/^./, first => first === 'A' ? 'B' : 'A'), description: description('answer', own) })],
  'without an opening': ['CALL_ERR_FINGERPRINT', own => ({ description: description('answer', own) })],
  'that is an offer': ['CALL_ERR_FORMAT', (own, opening) => ({ opening, description: description('offer', own) })],
  'of another kind': ['CALL_ERR_FORMAT', (own, opening) => ({ opening, description: description('rollback', own) })],
  'that is a text': ['CALL_ERR_FORMAT', (_own, opening) => ({ opening, description: 'none' })],
  'with a number that is not whole': ['CALL_ERR_FORMAT', (own, opening) => ({ seq: 1.5, opening, description: description('answer', own) })],
  'with more sections than a connection can take': ['CALL_ERR_DESCRIPTION', (own, opening) => ({ opening, description: description('answer', own, many('m=audio 9 UDP/TLS/RTP/SAVPF 111', 100)) })],
  'with more parameters than a connection can take': ['CALL_ERR_DESCRIPTION', (own, opening) => ({ opening, description: description('answer', own, many('a=fmtp:96 x=1', 200)) })],
  'with more feedback than a connection can take': ['CALL_ERR_DESCRIPTION', (own, opening) => ({ opening, description: description('answer', own, many('a=rtcp-fb:96 nack', 200)) })],
  'with more sources than a connection can take': ['CALL_ERR_DESCRIPTION', (own, opening) => ({ opening, description: description('answer', own, many('a=ssrc:1 cname:x', 3_000)) })],
  'with a format many times': ['CALL_ERR_DESCRIPTION', (own, opening) => ({ opening, description: description('answer', own, `m=video 9 UDP/TLS/RTP/SAVPF${' 96'.repeat(1_000)}`) })],
  'that accepts only tiny messages': ['CALL_ERR_DESCRIPTION', (own, opening) => ({ opening, description: description('answer', own, 'a=max-message-size:1') })]
}

const piece = (text: string, more: boolean) => ({ type: 'piece', piece: toBase64url(utf8(text)), more })

/* What a connected peer says on the control channel. `seq` is the number that its next value should have. */
const messages: Record<string, [code: string, messages: (seq: number) => unknown[]]> = {
  'no object': ['CALL_ERR_FORMAT', () => [1]],
  'an object without a type': ['CALL_ERR_FORMAT', () => [{}]],
  'a type that is no text': ['CALL_ERR_FORMAT', () => [{ type: {} }]],
  'a value without a number': ['CALL_ERR_FORMAT', () => [{ type: 'signal', candidate: {} }]],
  'a number that is not whole': ['CALL_ERR_FORMAT', () => [{ type: 'signal', seq: 1.5 }]],
  'a number below zero': ['CALL_ERR_FORMAT', () => [{ type: 'signal', seq: -1 }]],
  'having seen more than there was': ['CALL_ERR_FORMAT', () => [{ type: 'seen', seq: 1_000 }]],
  'a piece of nothing': ['CALL_ERR_FORMAT', () => [{ type: 'piece' }]],
  'a message between two pieces': ['CALL_ERR_FORMAT', () => [piece('{"type":', true), { type: 'seen', seq: 0 }]],
  'pieces of something else': ['CALL_ERR_FORMAT', () => [piece('{}', false)]],
  'a value whose predecessor is missing': ['CALL_ERR_ORDER', seq => [{ type: 'signal', seq: seq + 1 }]],
  'a text that is too long': ['CALL_ERR_TOO_LARGE', () => [{ type: 'x'.repeat(65_536) }]],
  'pieces without end': ['CALL_ERR_TOO_LARGE', () => Array.from({ length: 20 }, () => piece('x'.repeat(32_000), true))],
  'a flood': ['CALL_ERR_FULL', () => Array.from({ length: 800 }, () => ({ type: 'unheard of' }))],
  'an offer with another fingerprint': ['CALL_ERR_FINGERPRINT', seq => [{ type: 'signal', seq, description: description('offer', fingerprint) }]],
  'an offer with more lines than a connection can take': ['CALL_ERR_DESCRIPTION', seq => [{ type: 'signal', seq, description: description('offer', fingerprint, many('a=fmtp:96 x=1', 200)) }]],
  'a description of another kind': ['CALL_ERR_FORMAT', seq => [{ type: 'signal', seq, description: { type: 'rollback', sdp: '' } }]]
}

/** An honest connection, whose control channel can be had. */
class Captured extends Gathered {
  static last: Captured
  control!: RTCDataChannel
  /** The number of the last value that the other side has reported as seen. */
  seen = 0
  readonly #told = deferred<void>()
  readonly told = this.#told.promise

  override createDataChannel (label: string, options?: RTCDataChannelInit): RTCDataChannel {
    const channel = super.createDataChannel(label, options)
    if (options?.id !== 255) return channel
    Captured.last = this
    this.control = channel
    channel.addEventListener('message', ({ data }) => {
      const { type, seq } = JSON.parse(data)
      if (type !== 'seen') return
      this.seen = seq
      this.#told.resolve()
    })
    return channel
  }
}

/** A connection between the library and somebody whose control channel says anything. @returns that, and what the library's side is called */
async function connected (t: Test, program: Program, role: 'host' | 'guest'): Promise<{ name: string, connection: Captured }> {
  const { url: server } = await serve(t, { ice: { urls: [await stunServer(t)] } })
  const name = `against a rogue ${++calls}`
  if (role === 'host') {
    const { invite } = await program.call('host', { name, server, timings })
    await next((await joinTo(t, invite, { RTCPeerConnection: Captured })).peers)
  } else {
    const call = await hostAt(t, server, { RTCPeerConnection: Captured })
    await program.call('join', { name, invite: call.invite, timings })
    await next(call.peers)
  }
  t.teardown(() => program.call('close', { name }))
  const connection = Captured.last
  await Promise.all([program.event(name, { event: 'peer' }), connection.told])
  return { name, connection }
}

for (const [language, library] of Object.entries(libraries)) {
  t.test(language, async t => {
    const program = library(t)

    for (const [what, [code, answer]] of Object.entries(answers)) {
      await t.test(`an answer ${what} is refused by name`, async t => {
        const { url: server } = await serve(t)
        const name = `against a rogue ${++calls}`
        const { invite } = await program.call('host', { name, server, timings })
        t.teardown(() => program.call('close', { name }))
        const own = newFingerprint()
        const { commitment, opening } = await commit(own)
        const channel = await connect(invite, { hello: { commitment } })
        t.teardown(() => channel.close())
        await next(channel)
        await channel.send(answer(line(own), opening))
        await program.event(name, { event: 'refused' })
        t.strictSame(program.events(name).map(({ event, code }) => [event, code]), [['refused', code]])
      })
    }

    for (const role of ['host', 'guest'] as const) {
      for (const [what, [code, make]] of Object.entries(messages)) {
        await t.test(`${what} on the control channel ends the call of a ${role}, by name`, async t => {
          const { name, connection } = await connected(t, program, role)
          for (const message of make(connection.seen + 1)) connection.control.send(JSON.stringify(message))
          const { code: met } = await program.event(name, { event: 'closed' })
          t.equal(met, code)
        })
      }
      await t.test(`what is no JSON text ends the call of a ${role}, by name`, async t => {
        for (const data of ['{', new ArrayBuffer(2)] as const) {
          const { name, connection } = await connected(t, program, role)
          connection.control.send(data as string)
          t.match(await program.event(name, { event: 'closed' }), { code: 'CALL_ERR_FORMAT' })
        }
      })
    }
  })
}

end(t)
