import t, { type Test } from 'tap'
import { setImmediate } from 'node:timers/promises'
import { Queue } from '../../clients/typescript/src/webrtc/queue.js'
import { SignalingChannel } from '../../clients/typescript/src/webrtc/channel.js'
import { ControlChannel } from '../../clients/typescript/src/webrtc/control-channel.js'
import { startAsGuest } from '../../clients/typescript/src/webrtc/conversation.js'
import { idOfGuest } from '../../clients/typescript/src/webrtc/participant.js'
import { parseInvite } from '../../clients/typescript/src/webrtc/invite.js'
import { Negotiation } from '../../clients/typescript/src/webrtc/negotiation.js'
import { openHello, parseSealed, Session, type Role, type SealedMessage } from '../../clients/typescript/src/webrtc/sealing.js'
import { SwitchingChannel } from '../../clients/typescript/src/webrtc/switching-channel.js'
import { conversation, participants, type Step } from './call-vectors.js'
import { FakeConnection } from './fake-connection.js'

const { steps, guestDrop, guestNonce, hostNonce } = conversation
const [hello, first, second] = steps as [Step, Step, Step]

/** A connection whose descriptions and candidates are those that one side had. */
class RecordedConnection extends FakeConnection {
  readonly #values: any[]

  constructor (role: Role) {
    super()
    this.#values = steps.filter(({ from, value }) => from === role && value !== hello.value).flatMap(({ value }) => value ?? [])
  }

  override async setLocalDescription (description?: RTCSessionDescriptionInit): Promise<void> {
    const { signalingState } = this
    await super.setLocalDescription(description)
    if (description !== undefined) return
    const next = this.#values.findIndex(value => value.description !== undefined)
    const [described] = this.#values.splice(0, next + 1).slice(-1)
    if (described.description.type !== (signalingState === 'have-remote-offer' ? 'answer' : 'offer')) throw new Error(`${described.description.type} in ${signalingState}`)
    this.localDescription = described.description
    for (const { candidate } of this.#values.splice(0, this.#values.findIndex(value => value.candidate === undefined))) {
      this.dispatchEvent(Object.assign(new Event('icecandidate'), { candidate }))
    }
  }
}

/** Steps that cross have both been sent before either arrives. */
function inOrder (role: Role): Step[] {
  const ordered = [...steps]
  for (let at = 1; at < ordered.length; at++) {
    const [before, after] = [ordered[at - 1]!, ordered[at]!]
    if (before.crossing !== undefined && before.crossing === after.crossing && before.from !== role && after.from === role) ordered.splice(at - 1, 2, after, before)
  }
  return ordered
}

async function until (condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1_000 && !condition(); turn++) await setImmediate()
}

async function replay (t: Test, role: Role): Promise<void> {
  const { key } = await parseInvite(conversation.invite)
  const arriving = new Queue<unknown>()
  const connection = new RecordedConnection(role)
  const sent = { boxes: [] as SealedMessage[], connection: connection.control.sent }
  const real = connection as unknown as RTCPeerConnection
  const deliver = async (message: SealedMessage) => { sent.boxes.push(message) }

  let channel: SignalingChannel
  if (role === 'host') {
    const { drop, hello: data } = await openHello(key, parseSealed(hello.message)) as { drop: string, hello: any }
    t.strictSame({ drop, hello: data }, hello.value)
    t.equal(await idOfGuest(data, drop), participants.hellos[0]!.id)
    channel = new SignalingChannel(deliver, data, () => {}, undefined)
    channel.start(await Session.create(key, { role, guestDrop: drop, guestNonce, hostNonce }))
    void (async () => { for await (const message of arriving) await channel.receive(parseSealed(message)) })()
  } else {
    channel = await startAsGuest({ key, drop: guestDrop, guestNonce, hello: hello.value.hello, deliver, arriving, ended: () => {} }) as SignalingChannel
  }
  const line = new SwitchingChannel(channel, new ControlChannel(real), real, undefined)
  const contribution = role === 'host'
    ? { role, commitment: hello.value.hello.commitment, random: first.value[0].random }
    : { role, opening: second.value[0].opening }
  const negotiation = new Negotiation(real, line, contribution)
  let reported: string | null | undefined
  const over = negotiation.run().then(() => { reported = null }, error => { reported = error.code })

  let open = false
  const own = { boxes: role === 'host' ? 0 : 1, connection: 0 }
  for (const { from, over: route, value, message } of inOrder(role).slice(1)) {
    if (route === 'connection' && !open) {
      open = true
      t.equal((await negotiation.agreement).code, conversation.code)
      connection.connectionState = 'connected'
      line.start()
      connection.control.open()
      await setImmediate()
    }
    if (from !== role) {
      if (route === 'boxes') arriving.push(message)
      else connection.control.say(JSON.stringify(value))
      await setImmediate()
      continue
    }
    const isEnd = value === null || value.type === 'end'
    if (isEnd) {
      // Whoever hears the end ends as well, as a peer does.
      if (role === 'host') await over
      void line.close()
    } else if (value.description?.type === 'offer') {
      connection.onnegotiationneeded?.()
    }
    own[route]++
    await until(() => sent[route].length >= own[route])
  }
  await until(() => reported !== undefined)
  t.equal(reported, conversation.reported[role])
  const expected = steps.filter(({ from }) => from === role)
  t.strictSame(sent.boxes, expected.filter(({ over }) => over === 'boxes').map(({ message }) => message))
  t.strictSame(sent.connection.map(text => JSON.parse(text)), expected.filter(({ over }) => over === 'connection').map(({ value }) => value))
  t.strictSame(connection.candidates, steps.filter(({ from, over }) => from !== role && over === 'boxes')
    .flatMap(({ value }) => Array.isArray(value) ? value.filter(({ candidate }: { candidate?: unknown }) => candidate !== undefined).map(({ candidate }: { candidate: unknown }) => candidate) : []))
}

for (const role of ['host', 'guest'] as const) {
  t.test(`the ${role} of a recorded call says what it said, and understands what it heard`, t => replay(t, role))
}
