import { CallError } from '../../clients/typescript/src/webrtc/errors.js'
import { commit, fingerprintOf, shortCode } from '../../clients/typescript/src/webrtc/short-code.js'
import { createInvite, parseInvite } from '../../clients/typescript/src/webrtc/invite.js'
import { fromBase64url } from '../../clients/typescript/src/bytes.js'
import { openHello, parseSealed, sealHello, Session, type Role } from '../../clients/typescript/src/webrtc/sealing.js'
import vectors from './sealing-vectors.json' with { type: 'json' }

export type Vectors = typeof vectors

/** Runs in Node and in browsers: what is computed here, in the form that the vectors have. */
export async function computeVectors (given: Vectors): Promise<Pick<Vectors, 'invite' | 'messages' | 'refused' | 'code'>> {
  const secret = fromBase64url(given.secret)!
  const link = await createInvite('https://box.example/call/', 'https://box.example/call', secret, given.hostDrop)
  const elsewhere = await createInvite('https://page.example/', 'https://box.example/call', secret, given.hostDrop)
  const { key } = await parseInvite(link)
  const sides = async (): Promise<Record<Role, Session>> => {
    const parts = { guestDrop: given.guestDrop, guestNonce: given.guestNonce, hostNonce: given.hostNonce }
    return {
      host: await Session.create(key, { ...parts, role: 'host' }),
      guest: await Session.create(key, { ...parts, role: 'guest' })
    }
  }

  const sealing = await sides()
  const opening = await sides()
  const messages = []
  for (const { value, message: { from, n } } of given.messages) {
    const hello = n === 0
    const message = hello
      ? await sealHello(key, given.guestNonce, value)
      : await sealing[from as Role].seal(value)
    const opened = hello
      ? await openHello(key, parseSealed(message))
      : await opening[from === 'host' ? 'guest' : 'host'].open(parseSealed(message))
    messages.push({ value: opened as string, message })
  }

  const refused = []
  for (const { why, code, message } of given.refused) {
    let seen = 'opened'
    try {
      const sealed = parseSealed(message)
      if (sealed.n === 0) await openHello(key, sealed)
      else await (await sides()).guest.open(sealed)
    } catch (error) {
      seen = error instanceof CallError ? error.code : String(error)
    }
    refused.push({ why, code: seen, message })
    if (seen !== code) break
  }

  const { hostSdp, guestSdp, opening: number, random } = given.code
  const { commitment } = await commit(fingerprintOf(guestSdp), number)
  return {
    invite: { id: key.id, link, elsewhere },
    messages: messages as unknown as Vectors['messages'],
    refused: refused as Vectors['refused'],
    code: {
      hostSdp,
      guestSdp,
      hostFingerprint: fingerprintOf(hostSdp),
      guestFingerprint: fingerprintOf(guestSdp),
      opening: number,
      commitment,
      random,
      digits: await shortCode(sealing.host, { host: fingerprintOf(hostSdp), random, guest: fingerprintOf(guestSdp), opening: number })
    }
  }
}
