import t, { type Test } from 'tap'
import { Box, createBoxClient } from '../../clients/typescript/src/index.js'
import { connect, host, join, listen } from '../../clients/typescript/src/webrtc/index.js'

/** Takes something away from the language's surroundings, for a test. */
function without (t: Test, owner: object, name: string): void {
  const found = Object.getOwnPropertyDescriptor(owner, name)
  Object.defineProperty(owner, name, { value: undefined, configurable: true, writable: true })
  t.teardown(() => {
    if (found === undefined) delete (owner as Record<string, unknown>)[name]
    else Object.defineProperty(owner, name, found)
  })
}

const server = 'http://127.0.0.1:1'
const link = `${server}/boxes/box_${'A'.repeat(32)}`
const fetchFails = async (): Promise<never> => { throw new Error('nothing is to be asked') }

const missing: Array<[name: string, owner: () => object, property: string]> = [
  ['AbortController', () => globalThis, 'AbortController'],
  ['AbortSignal.prototype.throwIfAborted', () => AbortSignal.prototype, 'throwIfAborted'],
  ['DOMException', () => globalThis, 'DOMException'],
  ['Request', () => globalThis, 'Request'],
  ['TextDecoder', () => globalThis, 'TextDecoder'],
  ['btoa', () => globalThis, 'btoa'],
  ['crypto.getRandomValues', () => globalThis, 'crypto']
]

for (const [name, owner, property] of missing) {
  t.test(`without ${name} the client says so`, async t => {
    without(t, owner(), property)
    const expected = { name: 'TypeError', message: `The signalbox client needs ${name}, which this platform lacks` }
    await t.rejects(Box.create(server, { fetch: fetchFails }), expected)
    t.throws(() => Box.open(link), expected)
    t.throws(() => createBoxClient(server), expected)
    await t.rejects(listen({ server, fetch: fetchFails }), expected)
    await t.rejects(host({ server, fetch: fetchFails, RTCPeerConnection: class {} as never }), expected)
  })
}

t.test('everything missing is named at once', async t => {
  without(t, globalThis, 'btoa')
  without(t, globalThis, 'DOMException')
  t.throws(() => createBoxClient(server), { message: 'The signalbox client needs DOMException, btoa, which this platform lacks' })
})

t.test('without WebCrypto, as on a page without HTTPS, only what needs it fails', async t => {
  const { getRandomValues } = globalThis.crypto
  const crypto = { getRandomValues: getRandomValues.bind(globalThis.crypto) }
  const found = Object.getOwnPropertyDescriptor(globalThis, 'crypto')!
  Object.defineProperty(globalThis, 'crypto', { value: crypto, configurable: true })
  t.teardown(() => { Object.defineProperty(globalThis, 'crypto', found) })
  await t.rejects(Box.open(link).dropLink(), { name: 'TypeError', message: /needs crypto\.subtle,/ })
  const invite = `${server}/#v=1&drop=drop_${'A'.repeat(32)}&key=${'A'.repeat(43)}&id=x`
  await t.rejects(join(invite, { RTCPeerConnection: class {} as never }), { code: 'CALL_ERR_INSECURE' })
  await t.rejects(connect(invite), { code: 'CALL_ERR_INSECURE' })
})
