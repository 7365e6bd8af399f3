import type { Test } from 'tap'
import { connect } from '../../clients/typescript/src/webrtc/connect.js'
import { listen } from '../../clients/typescript/src/webrtc/listen.js'
import type { SealedMessage } from '../../clients/typescript/src/webrtc/sealing.js'
import { next, serve, type Lie, type Stored } from './serve.js'

type Is = (message: SealedMessage) => boolean
const hello: Is = ({ n }) => n === 0
const offer: Is = ({ n, from }) => n === 1 && from === 'host'
const answer: Is = ({ n, from }) => n === 1 && from === 'guest'

/** Does something else with every message of a kind, and passes on everything else: a second try meets the same. */
export const each = (is: Is, instead: (honestly: Stored) => Stored[]) => (): Lie =>
  (message, honestly) => is(message) ? instead(honestly) : undefined

const change = (with_: (message: SealedMessage) => object) => ({ to, message }: Stored) => [{ to, message: { ...message, ...with_(message) } }]
const twice = (stored: Stored) => [stored, stored]
const flip = change(({ sealed }) => ({ sealed: sealed.slice(0, 40) + (sealed[40] === 'A' ? 'B' : 'A') + sealed.slice(41) }))

/** What a server that sat between two unsealed peers would send them. */
const swapped = (type: string) => ({ to }: Stored) => {
  const sdp = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel', 'c=IN IP4 0.0.0.0',
    'a=ice-ufrag:lies', 'a=ice-pwd:liesliesliesliesliesliesli', `a=fingerprint:sha-256 ${Array(32).fill('EE').join(':')}`, 'a=setup:actpass', 'a=mid:0', ''].join('\r\n')
  return [{ to, message: [{ description: { type, sdp } }] as never }]
}

/** Stores every message of a kind in a box of the sender's own, which is known by what was stored before. */
const reflected = (is: Is, with_: (own: string) => object = () => ({})) => (): Lie => {
  const own: Record<string, string> = {}
  return ({ from }, { to, message }) => {
    own[from === 'host' ? 'guest' : 'host'] = to
    const back = own[from]
    return is(message) && back !== undefined ? [{ to: back, message: { ...message, ...with_(back) } }] : undefined
  }
}

/** What a lying server can do, and the name under which it must be refused by the one side or the other. */
export const lies: Record<string, [() => Lie, code: string]> = {
  'changes a byte of the offer': [each(offer, flip), 'CALL_ERR_CHANGED'],
  'changes a byte of the answer': [each(answer, flip), 'CALL_ERR_CHANGED'],
  'changes a byte of the hello': [each(hello, flip), 'CALL_ERR_CHANGED'],
  'cuts the offer off': [each(offer, change(({ sealed }) => ({ sealed: sealed.slice(0, 400) }))), 'CALL_ERR_CHANGED'],
  'puts an offer with its own fingerprint in place of the offer': [each(offer, swapped('offer')), 'CALL_ERR_FORMAT'],
  'puts an answer with its own fingerprint in place of the answer': [each(answer, swapped('answer')), 'CALL_ERR_FORMAT'],
  'renumbers the answer': [each(answer, change(() => ({ n: 2 }))), 'CALL_ERR_ORDER'],
  'repeats the hello': [each(hello, twice), 'CALL_ERR_REPLAYED'],
  'repeats the offer': [each(offer, twice), 'CALL_ERR_REPLAYED'],
  'repeats the answer': [each(answer, twice), 'CALL_ERR_REPLAYED'],
  'drops the hello': [each(hello, () => []), 'CALL_ERR_NO_PEER'],
  'drops the offer': [each(offer, () => []), 'CALL_ERR_NO_PEER'],
  'drops the answer': [each(answer, () => []), 'CALL_ERR_NO_PEER'],
  'drops everything': [() => () => [], 'CALL_ERR_NO_PEER'],
  'claims another key': [each(hello, change(() => ({ key: 'AAAAAAAA' }))), 'CALL_ERR_KEY'],
  'claims another version': [each(offer, change(() => ({ v: 2 }))), 'CALL_ERR_VERSION'],
  'reflects the offer into the host’s own box': [reflected(offer), 'CALL_ERR_REFLECTED'],
  'reflects the answer into the guest’s own box': [reflected(answer), 'CALL_ERR_REFLECTED'],
  'reflects the answer as if it came from the host': [reflected(answer, to => ({ to, from: 'host', n: 2 })), 'CALL_ERR_CHANGED']
}

/** Records a whole conversation of another pair, for messages that are genuine, but not for here. */
export async function foreign (t: Test): Promise<{ fromHost: SealedMessage, fromGuest: SealedMessage, hello: SealedMessage }> {
  const { url, seen } = await serve(t)
  const listener = await listen({ server: url })
  t.teardown(() => listener.close())
  const guest = await connect(listener.invite)
  await (await next(listener)).send('offer')
  await guest.send('answer')
  const [hello, fromHost, fromGuest] = seen.map(({ message }) => message)
  await guest.close()
  return { hello: hello!, fromHost: fromHost!, fromGuest: fromGuest! }
}

/** What the server stores in place of a message: one of another call. */
export const replacements = [
  ['the host’s message of another call in place of the offer', offer, 'fromHost'],
  ['the guest’s message of another call in place of the answer', answer, 'fromGuest'],
  ['the hello of another call in place of the hello', hello, 'hello']
] as const
