import type { Variant } from './tlc.js'

/** A variant with a fault, and what the checker must find not to hold in it. */
export interface Faulty extends Variant {
  faults: string[]
  violates: string
}

const twoGuests = { Hosts: '{1}', Guests: '{1, 2}' }

/** The protocol as it is, within the bounds of the `.cfg` files. */
export const present: Variant[] = [{ module: 'ShortCode' }, { module: 'Sealing' }]

/** The same with more sessions and values. */
export const presentLarger: Variant[] = [
  { module: 'ShortCode', constants: twoGuests },
  { module: 'Sealing', constants: { Guests: '{1, 2}', Values: '1' } },
  { module: 'Sealing', constants: { Hosts: '{1, 2, 3}', Values: '1' } }
]

/** What once was wrong: the codes could be made equal, a guess cost nothing, a certificate could be hidden. */
export const once: Faulty[] = [
  { module: 'ShortCode', faults: ['another opening after the check'], violates: 'SameDigitsMeanDirect' },
  { module: 'ShortCode', faults: ['the guest takes an opening'], violates: 'SameDigitsMeanDirect' },
  { module: 'ShortCode', faults: ['no limit on attempts'], violates: 'GuessesBounded' },
  { module: 'ShortCode', faults: ['a hidden fingerprint'], violates: 'SameDigitsMeanDirect' },
  { module: 'ShortCode', faults: ['a hidden fingerprint'], violates: 'OnlyCoveredCertificates' }
]

/** What each part of the protocol is for: without it, this does not hold. */
export const weakened: Faulty[] = [
  { module: 'ShortCode', faults: ['no commitment'], violates: 'SameDigitsMeanDirect' },
  { module: 'ShortCode', faults: ['no fingerprint in the commitment'], violates: 'SameDigitsMeanDirect' },
  { module: 'ShortCode', faults: ['the same opening in every hello'], constants: twoGuests, violates: 'SameDigitsMeanDirect' },
  { module: 'ShortCode', faults: ['no random number'], violates: 'GuessesBounded' },
  { module: 'ShortCode', faults: ['a reload forgets the attempts'], violates: 'GuessesBounded' },
  { module: 'ShortCode', faults: ['other certificates later'], violates: 'OnlyCoveredCertificates' },
  { module: 'ShortCode', faults: ['another random number later'], violates: 'SameDigitsMeanDirect' },
  { module: 'Sealing', faults: ['one key for both sides'], violates: 'NumbersUsedOnce' },
  { module: 'Sealing', faults: ["no host's nonce in the keys"], violates: 'NumbersUsedOnce' },
  { module: 'Sealing', faults: ["the host's nonce is not new"], violates: 'NumbersUsedOnce' },
  { module: 'Sealing', faults: ["the host's nonce is not new"], violates: 'HeardOnce' },
  { module: 'Sealing', faults: ['a refused number is used again'], violates: 'NumbersUsedOnce' },
  { module: 'Sealing', faults: ['numbers are not checked'], violates: 'GuestHearsHost' },
  { module: 'Sealing', faults: ['the end may come after a gap'], violates: 'LeftIsWhole' },
  {
    module: 'Sealing',
    faults: ['no additional data', "no guest's nonce in the keys", 'no boxes in the keys'],
    constants: { Guests: '{1, 2}', Values: '1' },
    violates: 'GuestHearsHost'
  }
]

/** An attacker with the invite can say anything to anybody; only the short code is left. */
export const withInvite: Faulty[] = [
  { module: 'Sealing', faults: [], constants: { Invite: 'TRUE' }, violates: 'GuestHearsHost' },
  { module: 'Sealing', faults: [], constants: { Invite: 'TRUE' }, violates: 'HostHearsGuest' }
]

/** What makes no difference to these properties, because something else has the same effect. */
export const doubled: Variant[] = [
  ['no additional data'], ["no guest's nonce in the keys"], ['no boxes in the keys'], ['hellos are not remembered']
].map(faults => ({ module: 'Sealing', faults, constants: { Guests: '{1, 2}', Values: '1' } }))

/** What can happen in the models, each stated as if it could not. */
export const possible: Array<Variant & { only: string }> = [
  { module: 'ShortCode', only: 'NobodyMeets' },
  { module: 'ShortCode', only: 'NobodyIsBetween' },
  { module: 'Sealing', only: 'NobodyHears' }
]
export const possibleToo: Array<Variant & { only: string }> = [
  { module: 'ShortCode', only: 'NoGlare' },
  { module: 'Sealing', only: 'NobodyLeaves' },
  { module: 'Sealing', only: 'NoHelloReplayed' }
]

export function nameOf ({ module, faults = [], constants = {} }: Variant): string {
  const size = Object.entries(constants).map(([name, value]) => `${name} = ${value}`).join(', ')
  return [module, ...faults, size].filter(Boolean).join(': ')
}
