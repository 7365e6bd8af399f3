// Messages of every kind, as they are sent and as they must come back.
import { randomBytes, randomUUID } from 'node:crypto'

const sdp = 'v=0 '.repeat(165)

const KINDS = [
  () => asJson({ type: 'offer', sdp, id: randomUUID() }),
  () => asText(`${randomUUID()} ü 😀 "quoted"\r\n`.repeat(1 + Math.random() * 20)),
  () => asJson(randomBytes(1 + Math.random() * 6_000).toString('base64')),
  () => asJson([null, true, -1.5e-7, { nested: [[[randomUUID()]]] }])
]

const asJson = value => ({ body: JSON.stringify(value), type: 'application/json', value: JSON.stringify(value) })
const asText = value => ({ body: value, type: 'text/plain', value: JSON.stringify(value) })

/** A message that no other equals: its body, its media type, and the JSON text of its value. */
export function newMessage () {
  return KINDS[Math.floor(Math.random() * KINDS.length)]()
}

/** A JSON string of this many bytes. */
export function largeMessage (bytes) {
  return asJson(randomBytes(bytes * 3 / 4).toString('base64'))
}
