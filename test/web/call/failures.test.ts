import t from 'tap'
import { BoxError } from '../../../clients/typescript/src/index.js'
import { CallError } from '../../../clients/typescript/src/webrtc/index.js'
import { adviceOf, failureOf, unsupported, titleOf } from '../../../src/web/call/failures.js'

const secure = { isSecureContext: true, RTCPeerConnection: class {} as unknown as typeof RTCPeerConnection, crypto }

t.test('each failure of a call has a name that a person understands', async t => {
  const named = (code: ConstructorParameters<typeof CallError>[0]) => titleOf(failureOf(new CallError(code)))
  t.equal(named('CALL_ERR_GONE'), 'This invite is no longer valid')
  t.equal(named('CALL_ERR_KEY'), 'This link is damaged')
  t.equal(named('CALL_ERR_NO_PEER'), 'Nobody answered')
  t.equal(named('CALL_ERR_NO_PATH'), named('CALL_ERR_NO_PATH_WITH_TURN'))
  t.equal(named('CALL_ERR_FINGERPRINT'), 'Someone may be interfering')
})

t.test('a rate limit is distinguished from a server that does not respond', async t => {
  t.equal(titleOf(failureOf(new CallError('CALL_ERR_SERVER', { cause: new BoxError(429, {}) }))), 'This server asks you to wait')
  t.equal(failureOf(new CallError('CALL_ERR_SERVER', { cause: new BoxError(503, {}) })), 'server')
})

t.test('it says whether a TURN server was there to try', async t => {
  t.match(adviceOf(failureOf(new CallError('CALL_ERR_NO_PATH')), 'guest'), /has no TURN server/)
  t.match(adviceOf(failureOf(new CallError('CALL_ERR_NO_PATH_WITH_TURN')), 'guest'), /TURN server did not help/)
})

t.test('a host is never told to ask for a link that it makes itself', async t => {
  for (const code of ['CALL_ERR_GONE', 'CALL_ERR_USED_UP', 'CALL_ERR_ATTEMPTS', 'CALL_ERR_CHANGED', 'CALL_ERR_VERSION', undefined] as const) {
    const failure = failureOf(code && new CallError(code))
    t.notMatch(adviceOf(failure, 'host'), /\bask\b/i)
    t.not(adviceOf(failure, 'guest'), adviceOf(failure, 'host'))
  }
})

t.test('anything but a failure of a call is unknown', async t => {
  for (const error of [new TypeError('x'), undefined, { code: 'toString' }, 'CALL_ERR_GONE']) t.equal(failureOf(error), 'unknown')
})

t.test('an unsupported browser is distinguished from an insecure page', async t => {
  t.equal(unsupported(secure), undefined)
  t.equal(unsupported({ ...secure, isSecureContext: false }), 'insecure')
  const { RTCPeerConnection: _, ...old } = secure
  t.equal(unsupported(old), 'unsupported')
  t.equal(unsupported({ ...secure, crypto: {} as Crypto }), 'old')
})
