/**
 * Prints test/webrtc/call-vectors.json: examples of what docs/call-protocol.md says. They follow from the text of that page
 * and of docs/sealing.md, from fixed keys and a recorded call, and share no code with the clients.
 *
 *   node scripts/call-vectors.js > test/webrtc/call-vectors.json
 */
import { conversation } from './call-vectors/conversation.js'
import { endings } from './call-vectors/endings.js'
import { limits } from './call-vectors/limits.js'
import { page } from './call-vectors/page.js'
import { pair } from './call-vectors/pair.js'
import { participants } from './call-vectors/participants.js'
import { pieces } from './call-vectors/pieces.js'
import { rates } from './call-vectors/rates.js'
import { values } from './call-vectors/values.js'
import { versions } from './call-vectors/versions.js'

const vectors = {
  description: 'Test vectors for docs/call-protocol.md, version 1; see "Test vectors" there. Bytes are base64url without padding.',
  version: 1,
  versions,
  participants,
  pair,
  values,
  pieces,
  endings,
  rates,
  limits,
  page,
  conversation
}
process.stdout.write(`${JSON.stringify(vectors, null, 2)}\n`)
