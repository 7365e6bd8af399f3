import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { ControlChannel } from '../../clients/typescript/src/webrtc/control-channel.js'
import { CallError, type CallErrorCode } from '../../clients/typescript/src/webrtc/errors.js'
import { hostWith } from '../../clients/typescript/src/webrtc/host.js'
import { parseInvite } from '../../clients/typescript/src/webrtc/invite.js'
import { Outbox } from '../../clients/typescript/src/webrtc/outbox.js'
import { idOf } from '../../clients/typescript/src/webrtc/participant.js'
import { PieceAssembler } from '../../clients/typescript/src/webrtc/pieces.js'
import { defaultSettings } from '../../clients/typescript/src/webrtc/peer.js'
import { createNonce, parseSealed, sealHello, VERSION } from '../../clients/typescript/src/webrtc/sealing.js'
import { until } from '../helpers/until.js'
import { codeOf } from './check-call-vectors.js'
import { heard, participants, pieces, said, textOf, values, version, versions } from './call-vectors.js'
import { FakeConnection, fakeConnections } from './fake-connection.js'
import { FakeServer } from './fake-server.js'
import { TwoRoutes } from './two-routes.js'

t.test('the vectors follow from the text of the documents', async t => {
  const script = fileURLToPath(new URL('../../scripts/call-vectors.js', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [script], { maxBuffer: 4_194_304 })
  const vectors = await readFile(new URL('call-vectors.json', import.meta.url), 'utf8')
  t.ok(vectors === stdout, 'run node scripts/call-vectors.js > test/webrtc/call-vectors.json')
})

t.test('versions', async t => {
  t.equal(version, VERSION)
  for (const { why, invite, code } of versions.invites) t.equal(await codeOf(() => parseInvite(invite)), code, why)
  for (const { why, message, code } of versions.messages) t.equal(await codeOf(() => parseSealed(message)), code, why)
})

t.test('participants', async t => {
  t.equal(await idOf(participants.hostDrop), participants.hostId)
  for (const { why, value, id, refused } of participants.hellos) {
    const server = new FakeServer()
    const { RTCPeerConnection } = fakeConnections()
    const reports: [string, string | undefined][] = []
    const call = await hostWith(defaultSettings, {
      server: server.url, fetch: server.fetch, RTCPeerConnection, iceServers: [], refused: (error, id) => { reports.push([error.code, id]) }
    })
    const { key } = await parseInvite(call.invite)
    const drop = (value as { drop?: unknown }).drop === participants.hostDrop ? { drop: key.hostDrop } : {}
    server.put(key.hostDrop, await sealHello(key, createNonce(), Array.isArray(value) ? value : { ...value, ...drop }))
    await until(() => reports.length > 0)
    // A guest that is accepted has no box for the offer.
    if (refused === undefined) t.strictSame(reports, [['CALL_ERR_GONE', id]], why)
    else t.equal(reports[0]![0], refused, why)
    await call.close()
  }
})

t.test('values are numbered', async t => {
  for (const { why, over, messages, taken, code } of values) {
    const routes = await (await TwoRoutes.create()).connect()
    for (const message of messages) await routes.say(over, JSON.stringify(message))
    t.strictSame(routes.heard.map(value => (value as { seq?: number }).seq ?? null), taken, `${why}, over the ${over}`)
    t.equal(routes.reported, code)
  }
})

t.test('messages in pieces are joined', async t => {
  for (const { why, over, texts, whole, ignored } of pieces.joined) {
    const routes = await (await TwoRoutes.create()).connect()
    for (const text of texts) await routes.say(over, textOf(text))
    const value = JSON.parse(textOf(whole))
    t.strictSame(routes.heard, ignored ? [] : over === 'boxes' ? value : [value], `${why}, over the ${over}`)
    t.equal(routes.reported, undefined)
  }
})

t.test('malformed pieces are refused', async t => {
  for (const { why, over, texts, code } of pieces.refused) {
    const routes = await (await TwoRoutes.create()).connect()
    for (const text of texts) {
      t.equal(routes.reported, undefined, `${why}, over the ${over}, too early`)
      await routes.say(over, textOf(text))
    }
    t.equal(routes.reported, code, `${why}, over the ${over}`)
  }
})

/** The texts of all that is sent, for a value or a message. */
const senders = {
  async boxes (text: string): Promise<string[]> {
    const stored: string[] = []
    const outbox = new Outbox(async message => { stored.push(JSON.stringify(message)) })
    outbox.start()
    await outbox.send(JSON.parse(text)[0])
    return stored
  },
  async connection (text: string): Promise<string[]> {
    const connection = new FakeConnection()
    const control = new ControlChannel(connection as unknown as RTCPeerConnection)
    connection.control.open()
    control.send(JSON.parse(text))
    return connection.control.sent
  }
}

t.test('long messages are sent in pieces', async t => {
  for (const { why, over, text, whole } of pieces.sent) {
    const expected = textOf(text)
    const sent = await senders[over](expected)
    if (whole) {
      t.ok(sent.length === 1 && sent[0] === expected, `${why}, over the ${over}`)
    } else {
      const assembler = new PieceAssembler(32_769)
      const results = sent.map(part => assembler.add(JSON.parse(part)))
      t.ok(sent.length > 1 && sent.every(part => part.length < 49_152), `${why}, over the ${over}`)
      t.ok(JSON.stringify(results.at(-1)) === expected)
      t.ok(results.slice(0, -1).every(result => result === undefined))
    }
  }
})

t.test('an ending says why', async t => {
  for (const { reason, boxes, connection } of said) {
    const routes = await (await TwoRoutes.create()).connect()
    void routes.line!.close(reason === null ? undefined : new CallError(reason as CallErrorCode))
    await until(() => routes.stored.length > 0)
    t.strictSame(routes.stored, [boxes], reason ?? 'leaving')
    t.strictSame(JSON.parse(routes.connection.control.sent.at(-1)!), connection)
  }
})

t.test('an ending is reported', async t => {
  for (const { why, over, connected, missing = 0, messages, reported, continues = false } of heard) {
    for (const up of connected === undefined ? [false, true] : [connected]) {
      const routes = await TwoRoutes.create()
      if (up) await routes.connect()
      else routes.expectConnection()
      for (let lost = 0; lost < missing; lost++) await routes.lose()
      for (const message of messages) await routes.say(over, JSON.stringify(message))
      if (continues) {
        t.equal(routes.reported, undefined, why)
        await routes.say('connection', '{"type":"signal","seq":1}')
        t.equal(routes.heard.length, 1, 'the connection outlives it')
      } else {
        await until(() => routes.reported !== undefined)
        t.equal(routes.reported, reported, `${why}, over the ${over}, ${up ? 'connected' : 'not connected'}`)
      }
    }
  }
})
