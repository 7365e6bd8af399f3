// Clients that know what is in their boxes: whatever the server has acknowledged must be there until they take it.
import { randomBytes, randomUUID } from 'node:crypto'
import { largeMessage, newMessage } from './messages.js'

const MESSAGES = 6
/** in seconds; longer than any round takes */
const TTL = 60
/** how long messages stay in their box, in ms at most */
const HOLD = 10_000

const FULL = ['BOX_ERR_STORE_FULL']

/** Fills a box, reads it, acknowledges some, drains the rest, and deletes the box or lets it expire. */
export async function useBox (world) {
  const box = await world.create(TTL)
  if (box === undefined) return await world.pause(200, 600)
  const expected = []
  for (let n = 0; n < MESSAGES; n++) {
    const { body, type, value } = newMessage()
    const key = randomUUID()
    const target = n % 2 === 0 ? box.drop : box.messages
    const { code, seq } = await world.ask('POST', target, { body, type, key, or: FULL })
    if (code !== undefined) continue
    world.count('messages stored')
    expected.push(value)
    world.check(seq === expected.length, 'a message got the wrong number')
    if (n % 3 === 0) {
      const again = await world.ask('POST', target, { body, type, key })
      world.check(again.seq === seq, 'a repeated message was stored again')
      const other = await world.ask('POST', target, { body: '"another"', key, or: ['BOX_ERR_IDEMPOTENCY'] })
      world.check(other.status === 422, 'a key was accepted for another body')
    }
  }
  await world.pause(0, HOLD)
  const has = ({ data }, values, what) => {
    world.check(data.length === values.length && data.every((value, i) => JSON.stringify(value) === values[i]), `LOST: ${what}`)
    world.count('messages checked', values.length)
  }
  has(await world.ask('GET', box.messages), expected, 'a read did not find what was stored')
  const half = Math.floor(expected.length / 2)
  const { data } = await world.ask('PUT', `${box.url}/cursor`, { body: JSON.stringify({ after: half }) })
  world.check(data === expected.length - half, 'an acknowledgement left the wrong number of messages')
  has(await world.ask('GET', `${box.messages}?after=${half}`), expected.slice(half), 'a read after an acknowledgement did not find the rest')
  const drained = await world.ask('DELETE', box.messages)
  // A drain without a response has taken what it took.
  if (!drained.repeated || drained.data.length > 0) has(drained, expected.slice(half), 'a drain did not find the rest')
  if (Math.random() < 0.5) return
  await world.ask('DELETE', box.url, { or: ['BOX_ERR_NOT_FOUND'] })
  const { status } = await world.ask('GET', box.messages, { or: ['BOX_ERR_NOT_FOUND'] })
  world.check(status === 404, 'a deleted box was found')
}

/** How large the messages are that fill the store, in bytes, and how many go into a box. */
const FILLING = 24_576
const FILLINGS = 32

/** Fills the store to its cap with boxes that nobody empties. One message of each is read later. */
export async function fillStore (world) {
  const began = performance.now()
  const box = await world.create(TTL)
  if (box === undefined) return await world.pause(300, 900)
  const stored = []
  while (stored.length < FILLINGS && !world.over) {
    const { body, value } = largeMessage(FILLING)
    const { code } = await world.ask('POST', box.messages, { body, key: randomUUID(), or: FULL })
    if (code === undefined) {
      world.count('messages stored')
      stored.push(value)
      await world.pause(10, 50)
    } else {
      await world.pause(300, 900)
    }
    // It is not to expire before it is read.
    if (performance.now() - began > TTL * 500) break
  }
  world.latest = box
  await world.pause(0, HOLD)
  const after = Math.floor(Math.random() * stored.length)
  const { data } = await world.ask('GET', `${box.messages}?after=${after}&limit=1`)
  world.check(stored.length === 0 || JSON.stringify(data[0]) === stored[after], 'LOST: a large message')
  world.count('messages checked')
}

/** How long a room keeps its messages, in seconds. */
const KEEP = 20

/** Opens a room under an id of its own, and reads in it what was said a moment ago. */
export async function useRoom (world) {
  const url = `/boxes/box_${randomBytes(24).toString('base64url')}`
  const open = { body: JSON.stringify({ ttl: TTL, keep: KEEP }), or: FULL }
  if ((await world.ask('PUT', url, open)).code !== undefined) return await world.pause(200, 600)
  world.count('boxes')
  const again = await world.ask('PUT', url, open)
  world.check(again.status === 200, 'a room was opened twice as new')
  const began = performance.now()
  const said = []
  for (let n = 0; n < MESSAGES; n++) {
    const { body, type, value } = newMessage()
    if ((await world.ask('POST', `${url}/messages`, { body, type, key: randomUUID(), or: FULL })).code === undefined) said.push(value)
    await world.pause(50, 400)
  }
  world.count('messages stored', said.length)
  const { data } = await world.ask('GET', `${url}/messages`)
  // After a pause or a restart, the room may rightly have forgotten some.
  if (performance.now() - began > KEEP * 500) return
  world.check(data.length === said.length && data.every((value, i) => JSON.stringify(value) === said[i]), 'LOST: a message in a room')
  world.count('messages checked', said.length)
}
