import { Box, BoxError } from '../../clients/typescript/src/index.js'
import type { SimulatedBox, Slot } from './slot.js'
import type { World } from './world.js'

/** What all actors of a scenario share. */
export interface Stage {
  world: World
  fetch: typeof fetch
  /** whether clients still do what makes their life hard */
  isRough: boolean
  /** whether they are to end */
  isOver: boolean
}

const PADS = ['x', 'é', '€', '😀', '\n', '"', '\\', '\u2028']

/** Sends messages, up to four at a time, and begins anew now and then. */
export async function write (stage: Stage, slot: Slot, name: string): Promise<void> {
  const { fetch } = stage
  const world: World = stage.world
  const random = world.random.fork()
  let gone: SimulatedBox | undefined
  for (let n = 0; stage.isRough;) {
    const target = await slot.after(gone)
    const box = Box.open(target.dropLink, { fetch })
    let last = 0
    while (stage.isRough && gone !== target) {
      await world.sleep(random.skewed(8_000))
      if (random.chance(0.03)) break
      await Promise.all(Array.from({ length: random.integer(1, 4) }, async () => {
        const data = { name, n: n++, pad: random.pick(PADS).repeat(random.skewed(400)) }
        try {
          const { seq } = await box.send(data)
          world.note(`${name} ${data.n} is ${seq}`)
          target.acknowledged(seq, data)
          world.check(seq > last, () => `${name} was told ${seq} after ${last}`)
          last = seq
        } catch (error) {
          world.note(`${name} ${data.n} ${reason(error)}`)
          if (isGone(error, target)) gone = target
        }
      }))
    }
    box.close()
  }
}

/** Sends messages by plain requests, up to four at a time, which it neither names by a key nor repeats. */
export async function post (stage: Stage, slot: Slot, name: string): Promise<void> {
  const { fetch } = stage
  const world: World = stage.world
  const random = world.random.fork()
  for (let n = 0; stage.isRough;) {
    await world.sleep(random.skewed(20_000))
    const target = await slot.after(undefined)
    await Promise.all(Array.from({ length: random.integer(1, 4) }, async () => {
      const data = { name, n: n++, pad: random.pick(PADS).repeat(random.skewed(400)) }
      const patience = new AbortController()
      world.later(30_000, 'post ends', () => { patience.abort() })
      try {
        const headers = { 'content-type': 'application/json' }
        const response = await fetch(new Request(`${target.dropLink}/messages`, { method: 'POST', body: JSON.stringify(data), headers, signal: patience.signal }))
        const { seq } = await response.json() as { seq?: number }
        world.note(`${name} ${data.n} ${response.ok ? `is ${seq}` : response.status}`)
        if (response.ok) target.acknowledged(seq as number, data)
      } catch (error) {
        world.note(`${name} ${data.n} ${reason(error)}`)
      }
    }))
  }
}

/**
 * Reads in a loop that is left and begun again, by the same object or, as after a crash of the reader, by a new one.
 * Some loops have no end of their own: nothing but the messages themselves tells whether they still get any.
 */
export async function read (stage: Stage, slot: Slot): Promise<void> {
  const { fetch } = stage
  const world: World = stage.world
  const random = world.random.fork()
  let gone: SimulatedBox | undefined
  while (!stage.isOver) {
    const target = await slot.after(gone)
    const box = Box.open(target.link, { fetch })
    const leaving = new AbortController()
    const lifetime = stage.isRough && random.chance(0.8) ? random.skewed(200_000) : Infinity
    if (lifetime !== Infinity) world.later(lifetime, 'reader ends', () => { leaving.abort() })
    else void whenOver(stage, leaving)
    let isFirst = true
    try {
      while (!leaving.signal.aborted) {
        for await (const { seq, data } of box.messages({ signal: leaving.signal, ...isFirst && { after: target.handled } })) {
          isFirst = false
          target.received(seq, data)
          world.note(`got ${seq}`)
          if (!stage.isRough) continue
          if (random.chance(0.2)) await world.sleep(random.skewed(3_000))
          if (random.chance(0.05)) {
            // It is delivered again.
            target.handled--
            break
          }
        }
      }
    } catch (error) {
      world.note(`reader ${reason(error)}`)
      world.check(leaving.signal.aborted || isGone(error, target), () => `the loop ended: ${String(error)}`)
      if (isGone(error, target)) gone = target
    }
    box.close()
  }
}

/** Takes everything out by plain requests. What was in a response that is lost is gone. */
export async function drain (stage: Stage, slot: Slot): Promise<void> {
  const { fetch } = stage
  const world: World = stage.world
  const random = world.random.fork()
  while (!stage.isOver) {
    await world.sleep(stage.isRough ? random.skewed(20_000) : 1_000)
    const target = await slot.after(undefined)
    const patience = new AbortController()
    world.later(30_000, 'drain ends', () => { patience.abort() })
    try {
      const response = await fetch(new Request(`${target.link}/messages`, { method: 'DELETE', signal: patience.signal }))
      if (!response.ok) continue
      const { data, next } = await response.json() as { data: unknown[], next: number }
      world.note(`drained ${data.length} up to ${next}`)
      for (const [i, one] of data.entries()) target.found(next - data.length + 1 + i, one)
    } catch (error) {
      world.note(`drain ${reason(error)}`)
    }
  }
}

/** Looks into the box without taking anything, with and without waiting. */
export async function look (stage: Stage, slot: Slot): Promise<void> {
  const { fetch } = stage
  const world: World = stage.world
  const random = world.random.fork()
  let gone: SimulatedBox | undefined
  while (stage.isRough) {
    const target = await slot.after(gone)
    const box = Box.open(target.link, { fetch })
    try {
      const after = random.integer(0, target.sent)
      const { messages } = await box.read({ after, limit: random.integer(1, 30), wait: random.pick([0, 5, 20]) })
      for (const { seq, data } of messages) target.found(seq, data)
    } catch (error) {
      world.note(`look ${reason(error)}`)
      if (isGone(error, target)) gone = target
    }
    box.close()
    await world.sleep(random.skewed(20_000))
  }
}

/** Deletes the box once in a while. */
export async function remove (stage: Stage, slot: Slot): Promise<void> {
  const { fetch } = stage
  const world: World = stage.world
  const random = world.random.fork()
  while (stage.isRough) {
    await world.sleep(random.integer(20_000, 600_000))
    const target = slot.box
    if (target === undefined || target.isDeleted || !stage.isRough) continue
    target.isDeleted = true
    // A box that stayed would keep its reader.
    for (let isThere = true; isThere;) {
      try {
        await Box.open(target.link, { fetch }).delete()
        isThere = false
        world.note('deleted')
      } catch (error) {
        world.note(`delete ${reason(error)}`)
      }
    }
  }
}

async function whenOver (stage: Stage, leaving: AbortController): Promise<void> {
  while (!stage.isOver) await stage.world.sleep(1_000)
  leaving.abort()
}

/** Whether the box is gone, which must have a reason. */
function isGone (error: unknown, target: SimulatedBox): boolean {
  return target.isDeleted && error instanceof BoxError && error.code === 'BOX_ERR_NOT_FOUND'
}

function reason (error: unknown): string {
  return error instanceof BoxError ? String(error.code) : (error as Error).name
}
