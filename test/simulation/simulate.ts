import { Box } from '../../clients/typescript/src/index.js'
import { hasCode } from '../../src/errors.js'
import { diskCosts, memoryCosts } from '../../src/store/cost.js'
import { drain, look, post, read, remove, write, type Stage } from './actors.js'
import { fetchOver } from './fetch.js'
import { Network } from './network.js'
import type { Random } from './random.js'
import { limits, MAX_WAITERS, SimulatedServer, TTL, type Storage } from './server.js'
import { Slot, type SimulatedBox } from './slot.js'
import { Violation, World } from './world.js'

/** How long everything goes wrong, in ms of the simulated world. */
const ROUGH = 600_000
/** How long clients then have to recover: longer than any of their waits. */
const RECOVERY = 120_000
/** How far the server's clock may be off, in ms: far less than the lifetime of a box. */
const MOST_OFF = 3_600_000
/** Within this time, a fault of the disk has ended the server, in ms. */
const LAST_FAILURE = 40_000
/** How long a message may take to a connected reader when nothing is wrong. */
const PROMPT = 5_000

export interface Outcome {
  seed: number
  steps: number
  /** the same for every run of the seed */
  hash: string
  violation?: Error
  trace: string[]
}

/** Runs one seed. @param isTold whether to keep the trace as text */
export async function simulate (seed: number, open: (world: World) => Storage, isTold = false): Promise<Outcome> {
  const world = new World(seed, isTold)
  const fail = (error: unknown): void => { world.fail(error as Error) }
  process.on('unhandledRejection', fail).on('uncaughtException', fail)
  let violation: Error | undefined
  try {
    await play(world, open(world))
  } catch (error) {
    violation = error as Error
  } finally {
    process.off('unhandledRejection', fail).off('uncaughtException', fail)
  }
  return { seed, steps: world.steps, hash: world.hash, trace: world.trace, ...violation && { violation } }
}

async function play (world: World, storage: Storage): Promise<void> {
  const network = new Network(world)
  const server = new SimulatedServer(world, network, storage)
  await world.until(server.start(), 60_000, 'the server starts')
  const stage: Stage = { world, fetch: fetchOver(world, network), isRough: true, isOver: false }
  const slots = Array.from({ length: world.random.integer(1, 3) }, () => new Slot(world, server))
  const drained = world.random.chance(0.5) ? [new Slot(world, server)] : []
  const readers = [...slots.map(slot => read(stage, slot)), ...drained.map(slot => drain(stage, slot))]
  const others = [...slots, ...drained].flatMap((slot, i) => [
    slot.keep(() => !stage.isOver),
    ...Array.from({ length: world.random.integer(1, 2) }, (_, n) => write(stage, slot, `w${i}.${n}`)),
    post(stage, slot, `p${i}`),
    look(stage, slot),
    remove(stage, slot)
  ])
  const troubles = trouble(stage, network, server, storage, [...slots, ...drained])
  await world.pass(ROUGH)
  stage.isRough = false
  await world.until(troubles, 300_000, 'the server is there again')
  network.heal()
  storage.heal()
  await world.pass(RECOVERY)
  await world.until(Promise.all(slots.map(slot => ping(world, stage, slot))), 60_000, 'all messages arrive')
  stage.isOver = true
  await world.until(Promise.all([...readers, ...others]), RECOVERY * 4, 'the clients end')
  await world.until(leaveNothing(world, stage, server, [...slots, ...drained].map(({ box }) => box as SimulatedBox)), 60_000, 'the server is empty')
  network.endSilent()
  await world.until(server.close(), 60_000, 'the server closes')
  await world.pass(RECOVERY)
  world.check(world.agenda.size === 0, () => `left behind: ${world.agenda.labels.join(', ')}`)
  world.check(network.open === 0, () => `${network.open} connections are left open`)
}

/** Lets the network fail, and the server crash, now and then. */
async function trouble (stage: Stage, network: Network, server: SimulatedServer, storage: Storage, slots: Slot[]): Promise<void> {
  const { world } = stage
  const random: Random = world.random.fork()
  while (stage.isRough) {
    await Promise.race([world.sleep(random.integer(1_000, 120_000)), server.crashed])
    if (!stage.isRough) break
    if (random.chance(0.2)) server.setClock(random.integer(-MOST_OFF, MOST_OFF))
    if (server.isThere && random.chance(0.5)) {
      world.note('blackout')
      network.blackOut(random.skewed(60_000))
      continue
    }
    if (server.isThere && random.chance(0.7)) await Promise.race([storage.moment?.(), world.sleep(20_000)])
    world.note('crash')
    if (server.isThere) server.crash(random.chance(0.7))
    if (!storage.isDurable) for (const slot of slots) if (slot.box !== undefined) slot.box.isDeleted = true
    await world.sleep(random.skewed(20_000))
    await server.start()
  }
  // A disk that hangs may yet end the server.
  storage.heal()
  await world.sleep(LAST_FAILURE)
  if (!server.isThere) await server.start()
}

/** When nothing is wrong, a message arrives soon, and all that were stored have arrived before it. */
async function ping (world: World, { fetch }: Stage, slot: Slot): Promise<void> {
  const target = await slot.after(undefined)
  const random = world.random.fork()
  const box = Box.open(target.dropLink, { fetch })
  for (let n = 0; n < 10; n++) {
    let last = 0
    // One may come while the reader is busy with another, or between two looks into the box.
    await Promise.all(Array.from({ length: random.integer(1, 3) }, async (_, i) => {
      await world.sleep(random.skewed(200))
      const data = { ping: n, i }
      const { seq } = await box.send(data).catch((error: unknown) => {
        throw new Violation(`a message is refused: ${String(error)}`)
      })
      target.acknowledged(seq, data)
      last = Math.max(last, seq)
    }))
    const end = world.elapsed + PROMPT
    while (target.handled < last) {
      await world.sleep(20)
      world.check(world.elapsed <= end, () => `message ${last} has not arrived after ${PROMPT} ms; the reader is at ${target.handled}`)
    }
    await world.sleep(1_000)
  }
  box.close()
}

/** Every place is free, every message was acknowledged, and what is deleted takes no space. */
async function leaveNothing (world: World, { fetch }: Stage, server: SimulatedServer, boxes: SimulatedBox[]): Promise<void> {
  // Until the server has heard that its clients are gone.
  await world.sleep(5_000)
  const { store } = server
  world.check(store !== undefined, () => 'the server has crashed')
  world.check(store.subscriptions === 0, () => `${store.subscriptions} subscriptions are left`)
  for (const { link, drop } of boxes) {
    const { texts } = await store.read(drop, 0, 100, world.epoch)
    world.check(texts.length === 0, () => `${texts.length} messages were handled, but not acknowledged`)
    const answers = await Promise.all(Array.from({ length: MAX_WAITERS }, () => fetch(new Request(`${link}/messages?wait=5`))))
    world.check(answers.every(({ ok }) => ok), () => `${answers.filter(({ ok }) => !ok).length} places are not free`)
  }
  for (const drop of store.boxes) {
    await store.delete(drop, world.epoch).catch((error: unknown) => {
      // The store checks whether it may say so.
      if (!hasCode(error, 'BOX_ERR_NOT_FOUND')) throw error
    })
  }
  await store.create('drop_probe', TTL, world.epoch, { ...limits, maxStoreBytes: storeOfOneBox[store.name] })
  await store.delete('drop_probe', world.epoch)
}

/** What one empty box takes: a store of this size has space for one if it is empty. */
const storeOfOneBox: Record<string, number> = { memory: memoryCosts.box, lmdb: diskCosts.box }
