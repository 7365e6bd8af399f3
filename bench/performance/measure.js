// What is measured of one contender in one round.
import { load } from '../load.js'
import { percentile, sleep, withTempDir } from '../lib.js'
import { encode, send } from './work.js'
import { memoryOf } from './processes.js'

/** What each figure is called here and in the result, with its unit. */
export const FIGURES = {
  create: '/s',
  store: '/s',
  read: '/s',
  drain: '/s',
  p50: 'ms',
  p99: 'ms',
  idle: 'KiB'
}

const CHANNELS = 64

/** @returns the figures that this contender has, and how busy the load generator was during each rate */
export async function measure (contender, settings) {
  const idle = await withTempDir(async dir => await running(contender, dir, async server => await idling(server, settings)))
  return await withTempDir(async dir => await running(contender, dir, async server => ({
    ...await rates(server, settings),
    ...await delivery(server, settings),
    ...idle
  })))
}

async function running (contender, dir, work) {
  const server = await contender.start(dir)
  try {
    return await work(server)
  } finally {
    await server.stop()
  }
}

/** A fresh process has the memory of no other work, which streams could use. */
async function idling ({ channel, subscribe, pids }, { streams }) {
  if (subscribe === undefined) return {}
  const open = async count => await Promise.all(Array.from({ length: count }, async () => await subscribe(await channel(), () => {})))
  const closers = await open(50)
  await sleep(500)
  const before = await memoryOf(pids)
  for (let opened = 0; opened < streams; opened += 50) closers.push(...await open(50))
  await sleep(500)
  const idle = (await memoryOf(pids) - before) / streams / 1024
  for (const close of closers) close()
  return { idle: { value: idle } }
}

async function channelsOf (server) {
  const channels = []
  for (let i = 0; i < CHANNELS; i++) channels.push(await server.channel())
  return channels
}

async function rates (server, { seconds, connections }) {
  const figures = {}
  const rate = async (name, requests, perOperation = 1) => {
    const encoded = requests.map(encode)
    await load(server.url, encoded, { connections, seconds: seconds / 4 })
    const { rate, busy } = await load(server.url, encoded, { connections, seconds })
    figures[name] = { value: rate / perOperation, busy }
  }
  if (server.create !== undefined) await rate('create', [server.create])
  if (server.store !== undefined) await rate('store', (await channelsOf(server)).map(server.store))
  if (server.read !== undefined) {
    const channels = await channelsOf(server)
    for (const channel of channels) await send(server.url, server.store(channel))
    await rate('read', channels.map(server.read))
  }
  // Each message is stored before it is drained: a pair is one operation.
  if (server.drain !== undefined) await rate('drain', (await channelsOf(server)).flatMap(channel => [server.store(channel), server.drain(channel)]), 2)
  return figures
}

/** From sending a message until its reader has it, one message at a time. */
async function delivery (server, { samples }) {
  if (server.subscribe === undefined) return {}
  const channel = await server.channel()
  const sendOne = server.send ?? (async channel => await send(server.url, server.store(channel)))
  let arrived
  const close = await server.subscribe(channel, () => { arrived() })
  const times = []
  const warmUp = samples / 5
  for (let i = 0; i < warmUp + samples; i++) {
    const message = new Promise(resolve => { arrived = resolve })
    const start = performance.now()
    const sent = sendOne(channel)
    await message
    if (i >= warmUp) times.push(performance.now() - start)
    await sent
  }
  close()
  return { p50: { value: percentile(times, 0.5) }, p99: { value: percentile(times, 0.99) } }
}
