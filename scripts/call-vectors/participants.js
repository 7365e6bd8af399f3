/* Who is who: ids, and which of two guests takes the host's role. */

import { base64url, fixed, guestDrop, hostDrop, idOf } from './sealing.js'

const self = base64url(fixed(0x30, 16))
const commitment = base64url(fixed(0x50, 32))
/** The same 16 bytes: the last character has unused bits that are not zero. */
const spelledOtherwise = self.slice(0, -1) + String.fromCharCode(self.charCodeAt(21) + 1)
const byDrop = idOf(guestDrop)

/** What a host makes of the value of a hello. */
const hellos = [
  { why: 'with self', value: { drop: guestDrop, hello: { commitment, self } }, id: idOf(self) },
  { why: 'without self', value: { drop: guestDrop, hello: { commitment } }, id: byDrop },
  { why: 'self is too short', value: { drop: guestDrop, hello: { commitment, self: self.slice(1) } }, id: byDrop },
  { why: 'self in another spelling', value: { drop: guestDrop, hello: { commitment, self: spelledOtherwise } }, id: byDrop },
  { why: 'self is no text', value: { drop: guestDrop, hello: { commitment, self: 5 } }, id: byDrop },
  { why: 'the hello is no object', value: { drop: guestDrop, hello: 5 }, id: byDrop },
  { why: 'the hello is missing', value: { drop: guestDrop }, id: byDrop },
  { why: 'unknown members', value: { drop: guestDrop, hello: { commitment, self, more: [] }, more: {} }, id: idOf(self) },
  { why: 'the host\'s own drop address', value: { drop: hostDrop, hello: { commitment } }, refused: 'CALL_ERR_FOREIGN' },
  { why: 'the link of a box in place of a drop address', value: { drop: guestDrop.replace('drop_', 'box_'), hello: { commitment, self } }, refused: 'CALL_ERR_FORMAT' },
  { why: 'a drop address that is too short', value: { drop: guestDrop.slice(0, -1), hello: { commitment, self } }, refused: 'CALL_ERR_FORMAT' },
  { why: 'a drop address that is no text', value: { drop: 5, hello: { commitment, self } }, refused: 'CALL_ERR_FORMAT' },
  { why: 'no drop address', value: { hello: { commitment, self } }, refused: 'CALL_ERR_FORMAT' },
  { why: 'no object', value: [], refused: 'CALL_ERR_FORMAT' }
]

/** In a language's own order of words, or without regard to case, this would be another order. */
const ascending = ['-', '0', '9', 'A', 'Z', '_', 'a', 'z'].map(first => `${first}${'m'.repeat(20)}Q`)

export const participants = { hostDrop, hostId: idOf(hostDrop), hellos, ascending }
