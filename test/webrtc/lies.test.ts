import t, { type Test } from 'tap'
import { Scope } from '../../clients/typescript/src/scope.js'
import { deferred } from '../../clients/typescript/src/webrtc/deferred.js'
import { CallError } from '../../clients/typescript/src/webrtc/errors.js'
import { end, Gathered, hostAt, joinTo } from './node-peers.js'
import { next, serve, type Lie } from './serve.js'
import { each, foreign, lies, replacements } from './server-lies.js'
import { stunServer } from './stun-server.js'

/**
 * Lets two real peers try to find each other through this server.
 * @param expected the code that one of them should meet
 * @returns the codes that both sides met, and whether they connected
 */
async function attempt (t: Test, lie: Lie, expected?: string): Promise<{ codes: string[], connected: boolean }> {
  const { url } = await serve(t, { lie, ice: { urls: [await stunServer(t)] } })
  const codes: string[] = []
  const named = deferred<void>()
  const met = ({ code }: CallError) => {
    codes.push(code)
    if (code === expected) named.resolve()
  }
  let connected = false
  const timeouts = { answer: 1000, ice: 1000, close: 50 }
  const call = await hostAt(t, url, { refused: met, RTCPeerConnection: Gathered }, timeouts)
  const join = await joinTo(t, call.invite, { RTCPeerConnection: Gathered }, timeouts)
  const meet = async (peers: AsyncIterable<unknown>) => {
    await next(peers)
    connected = true
  }
  meet(call.peers).catch(() => {})
  await meet(join.peers).catch(error => {
    if (!(error instanceof CallError)) throw error
    met(error)
  })
  // The guest may hear of the end before the host's callback has run.
  if (expected !== undefined) await Scope.settled(named.promise, 5_000)
  return { codes, connected }
}

for (const [what, [lie, code]] of Object.entries(lies)) {
  t.test(`a server that ${what} connects nobody, and is named`, async t => {
    const { codes, connected } = await attempt(t, lie(), code)
    t.notOk(connected)
    t.ok(codes.includes(code), `${code} among ${codes.join()}`)
  })
}

for (const [what, is, kind] of replacements) {
  t.test(`a server that stores ${what} connects nobody, and is named`, async t => {
    const message = (await foreign(t))[kind]
    const untouched = await attempt(t, each(is, ({ to }) => [{ to, message }])(), 'CALL_ERR_FOREIGN')
    t.notOk(untouched.connected)
    t.ok(untouched.codes.includes('CALL_ERR_FOREIGN'), untouched.codes.join())
    const addressed = await attempt(t, each(is, ({ to }) => [{ to, message: { ...message, to } }])(), 'CALL_ERR_KEY')
    t.notOk(addressed.connected)
    t.ok(addressed.codes.includes('CALL_ERR_KEY'), addressed.codes.join())
  })
}

t.test('an honest server connects the two, in the same way', async t => {
  const { codes, connected } = await attempt(t, () => undefined)
  t.ok(connected)
  t.strictSame(codes, [])
})

end(t)
