// What one store costs as boxes and messages grow, in process: no HTTP in the way.
import { memoryStore } from '../dist/index.js'
import { median, message, report } from './lib.js'

const limits = { maxMessages: Infinity, maxBoxBytes: Infinity, maxStoreBytes: Infinity }
const TTL = 1e9
const BATCH = 20_000

const dropOf = i => `drop_${String(i).padStart(32, '0')}`

async function fill (store, from, to) {
  for (let i = from; i < to; i++) await store.create(dropOf(i), TTL, 0, limits)
}

/** Nanoseconds of one append, the median of several batches; what was appended is taken out again. */
async function appendCost (store, boxes) {
  const text = { text: message, bytes: message.length }
  const costs = []
  for (let batch = 0; batch < 9; batch++) {
    const targets = Array.from({ length: BATCH }, () => dropOf(Math.floor(Math.random() * boxes)))
    const start = process.hrtime.bigint()
    for (const drop of targets) await store.append(drop, text, 0, limits)
    costs.push(Number(process.hrtime.bigint() - start) / BATCH)
    for (const drop of new Set(targets)) await store.drain(drop, 0)
  }
  return median(costs)
}

export async function run () {
  const store = memoryStore()
  const costs = new Map()
  let made = 0
  for (const boxes of [1, 1_000, 1_000_000]) {
    globalThis.gc()
    const before = process.memoryUsage().heapUsed
    await fill(store, made, boxes)
    globalThis.gc()
    if (boxes === 1_000_000) report('empty box in memory', `${Math.round((process.memoryUsage().heapUsed - before) / (boxes - made))} bytes`, '<= 500 bytes')
    made = boxes
    await appendCost(store, boxes)
    costs.set(boxes, await appendCost(store, boxes))
  }
  for (const [boxes, cost] of costs) report(`append in process, ${boxes} boxes`, `${Math.round(cost)} ns`)
  await store.close()

  const one = memoryStore()
  await one.create(dropOf(0), TTL, 0, limits)
  const text = { text: message, bytes: message.length }
  const perMessage = []
  for (let held = 0; held < 200_000; held += BATCH) {
    const start = process.hrtime.bigint()
    for (let i = 0; i < BATCH; i++) await one.append(dropOf(0), text, 0, limits)
    perMessage.push(Number(process.hrtime.bigint() - start) / BATCH)
  }
  report('append in process, box of 200,000 messages against an empty one', `${(median(perMessage.slice(-4)) / median(perMessage.slice(1, 5))).toFixed(2)} times`, '<= 1.2 times')
  await one.close()
}
