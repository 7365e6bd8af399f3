import { createHash } from 'node:crypto'
import t, { type Test } from 'tap'
import { verifyCertificates } from '../../clients/typescript/src/webrtc/certificate.js'
import { hostWith, type Call } from '../../clients/typescript/src/webrtc/host.js'
import { join } from '../../clients/typescript/src/webrtc/join.js'
import { FakeConnection, fakeConnections, newFingerprint } from './fake-connection.js'
import { FakeServer, quiet } from './fake-server.js'
import { Middle } from './middle.js'
import { end, hostAt, joinTo, withTimeouts } from './node-peers.js'
import { next } from './serve.js'

/** Called with both ends of a call whose connections are open. */
async function meet (t: Test, of: { fingerprint: string } | undefined, options: object, shows: (connection: FakeConnection) => void = () => {}): Promise<{ call: Call, joined: Call }> {
  const server = new FakeServer()
  const [here, there] = [fakeConnections(), fakeConnections()]
  const rest = { iceServers: [], fetch: server.fetch, ...options }
  const call = await hostWith(withTimeouts({ close: 1 }), { server: server.url, ...here, ...rest })
  const joined = await join(call.invite, { ...there, ...rest })
  t.teardown(async () => { await Promise.all([call.close(), joined.close()]) })
  await quiet()
  const [ours, theirs] = [here.made[0], there.made[0]] as [FakeConnection, FakeConnection]
  shows(ours)
  shows(theirs)
  ours.open(theirs.fingerprint, of?.fingerprint)
  theirs.open(ours.fingerprint, of?.fingerprint)
  return { call, joined }
}

t.test('someone in the middle who passes on both fingerprints connects nobody', async t => {
  const middle = new Middle()
  t.teardown(() => { middle.close() })
  const { url, fetch } = middle.server
  const refused: string[] = []
  const timeouts = { ice: 3_000, close: 50 }
  const call = await hostAt(t, url, { fetch, iceServers: [], refused: error => { refused.push(error.code) } }, timeouts)
  await middle.know(call.invite)
  const joined = await joinTo(t, call.invite, { fetch, iceServers: [] }, timeouts)
  next(call.peers).then(peer => { t.fail(`the host sees ${peer.code}`) }, () => {})
  await t.rejects(next(joined.peers), { name: 'CallError' })
  t.equal(middle.fingerprints.size, 4, 'and he had got as far as both answers, twice')
})

t.test('with a class that accepts any certificate but exposes it, both sides notice', async t => {
  const { call, joined } = await meet(t, { fingerprint: newFingerprint() }, {})
  next(call.peers).then(() => { t.fail('a peer came') }, () => {})
  await t.rejects(next(joined.peers), { code: 'CALL_ERR_FINGERPRINT' })
})

t.test('with a class that exposes no certificate, there is no peer and so no code', async t => {
  for (const shows of [
    (connection: FakeConnection) => { connection.shown = () => [] },
    (connection: FakeConnection) => { connection.shown = () => [new ArrayBuffer(0)] },
    (connection: FakeConnection) => { connection.shown = undefined },
    (connection: FakeConnection) => { Object.assign(connection, { iceConnectionStateChange: {} }) }
  ]) {
    const { joined } = await meet(t, undefined, {}, shows)
    await t.rejects(next(joined.peers), { code: 'CALL_ERR_UNVERIFIED' })
  }
})

t.test('without compare, there is a peer, but its code cannot be read', async t => {
  const { call, joined } = await meet(t, undefined, { compare: false }, connection => { connection.shown = undefined })
  for (const { peers } of [call, joined]) {
    const peer = await next(peers)
    t.throws(() => peer.code, { code: 'CALL_ERR_UNVERIFIED' })
  }
})

t.test('without compare, an exposed wrong certificate still connects nobody', async t => {
  const { joined } = await meet(t, { fingerprint: newFingerprint() }, { compare: false })
  await t.rejects(next(joined.peers), { code: 'CALL_ERR_FINGERPRINT' })
})

const certificate = Buffer.from('a certificate')
const fingerprint = `sha-256 ${createHash('sha256').update(certificate).digest('hex').toUpperCase().match(/../g)!.join(':')}`

function reporting (...stats: object[]): RTCPeerConnection {
  return { getStats: async () => new Map(stats.map((entry, index) => [(entry as { id?: string }).id ?? String(index), entry])) } as unknown as RTCPeerConnection
}

t.test('a certificate in the statistics is compared by its bytes, on every transport', async t => {
  const shown = { id: 'right', type: 'certificate', fingerprint: 'no matter', base64Certificate: certificate.toString('base64') }
  const wrong = { ...shown, id: 'wrong', base64Certificate: Buffer.from('another').toString('base64') }
  const claimed = { id: 'claimed', type: 'certificate', fingerprint: fingerprint.slice(8), fingerprintAlgorithm: 'sha-256', base64Certificate: '' }
  const by = (remoteCertificateId: string) => ({ type: 'transport', remoteCertificateId })
  t.equal(await verifyCertificates(reporting(shown, by('right')), `${fingerprint},sha-512 00`), true)
  t.equal(await verifyCertificates(reporting(claimed, by('claimed')), fingerprint), false, 'a fingerprint alone is only a claim')
  t.equal(await verifyCertificates(reporting({ type: 'transport' }), fingerprint), false)
  await t.rejects(verifyCertificates(reporting(shown, wrong, by('right'), by('wrong')), fingerprint), { code: 'CALL_ERR_FINGERPRINT' })
})

end(t)
