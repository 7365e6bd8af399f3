/**
 * Fills a memory store up to a cap and tells how much of the cap V8 uses for it. To be run with
 * `--expose-gc`, and one case a process: what one leaves behind must not be measured with the next.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { dropAddress, newBoxId } from '../../src/box/capability.js'
import { messageFromJson, withKey } from '../../src/box/message.js'
import { untilFull } from '../../src/store/contract/define.js'
import { memoryStore } from '../../src/store/memory.js'

const CAP = 16 * 1024 * 1024
const limits = { maxMessages: Infinity, maxBoxBytes: Infinity, maxStoreBytes: CAP }
let store = memoryStore()
const now = Date.now()

async function newBox (keep?: number): Promise<string> {
  const drop = dropAddress(newBoxId())
  await store.create(drop, 86_400_000, now, limits, undefined, keep)
  return drop
}

/** Boxes of holders with so many each. */
function boxesHeld (perHolder: number): () => Promise<void> {
  let n = 0
  let holder = ''
  return async () => {
    if (n++ % perHolder === 0) holder = randomBytes(6).toString('base64url')
    await store.create(dropAddress(newBoxId()), 86_400_000, now, limits, holder)
  }
}

/** Messages as they come over HTTP, so many to a box. */
function messages (perBox: number, textOf: (n: number) => string, keyOf?: (n: number) => string, keep?: number): () => Promise<void> {
  let n = 0
  let drop = ''
  return async () => {
    if (n % perBox === 0) drop = await newBox(keep)
    const message = messageFromJson(Buffer.from(textOf(n)))
    await store.append(drop, keyOf === undefined ? message : withKey(message, Buffer.from(keyOf(n)).toString('latin1')), now, limits)
    n++
  }
}

const keyOf = (length: number) => (n: number) => String(n).padStart(length, 'k')
const cases: Record<string, () => () => Promise<unknown>> = {
  'empty boxes': () => () => newBox(),
  'empty boxes with a holder each': () => boxesHeld(1),
  'empty boxes, ten to a holder': () => boxesHeld(10),
  'empty boxes of one holder': () => boxesHeld(Infinity),
  'one tiny message a box': () => messages(1, n => `"${n}"`),
  'tiny messages': () => messages(200, n => `"${n}"`),
  'one tiny message a room': () => messages(1, n => `"${n}"`, undefined, 60_000),
  'tiny messages in rooms': () => messages(200, n => `"${n}"`, undefined, 60_000),
  'messages with one two-byte character': () => messages(20, n => `"${n}€${'x'.repeat(700)}"`),
  'messages of two-byte characters': () => messages(20, n => `"${n}${'€'.repeat(300)}"`),
  'messages with one Latin-1 character': () => messages(20, n => `"${n}é${'x'.repeat(700)}"`),
  'messages of Latin-1 characters': () => messages(20, n => `"${n}${'é'.repeat(300)}"`),
  'large messages': () => messages(4, n => `"${n}${'x'.repeat(60_000)}"`),
  'large messages with one two-byte character': () => messages(4, n => `"${n}€${'x'.repeat(60_000)}"`),
  'messages with keys of 64 characters': () => messages(250, () => '1', keyOf(64)),
  'a few messages a box with keys of 64 characters': () => messages(8, n => `"${n}"`, keyOf(64)),
  'messages with keys of 8 characters': () => messages(250, n => `"${n}"`, keyOf(8))
}

async function used (): Promise<number> {
  for (let i = 0; i < 4; i++) {
    globalThis.gc?.()
    await setTimeout(5)
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const name = process.argv[2]
if (name === undefined) {
  process.send?.(Object.keys(cases))
} else {
  const filling = cases[name] as () => () => Promise<unknown>
  // Once before, so that what Node compiles and keeps ready is not measured.
  await untilFull(filling())
  await store.close()
  store = memoryStore()
  const before = await used()
  await untilFull(filling())
  process.send?.((await used() - before) / CAP)
}
