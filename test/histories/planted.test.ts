import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { memoryStore } from '../../src/store/memory.js'
import type { Appended, Page, Store } from '../../src/store/store.js'
import { needs } from '../helpers/needs.js'
import { temporaryDirectory } from '../helpers/server-process.js'
import { serve } from './in-process.js'
import { buildTools, checkRun, isExplained } from './run.js'

/* Each fault happens once in a few chances. The checker must find it, or it would find no real one either. */

/** True once in so many calls. */
function every (count: number): () => boolean {
  let calls = 0
  return () => ++calls % count === 0
}

/** A store that does all operations as another does, but for some. */
function but (store: Store, changed: (store: Store) => Partial<Store>): Store {
  return Object.assign(Object.create(null), {
    name: store.name,
    create: store.create.bind(store),
    open: store.open.bind(store),
    append: store.append.bind(store),
    read: store.read.bind(store),
    acknowledge: store.acknowledge.bind(store),
    drain: store.drain.bind(store),
    delete: store.delete.bind(store),
    subscribe: store.subscribe.bind(store),
    sweep: store.sweep.bind(store),
    check: store.check.bind(store),
    close: store.close.bind(store)
  }, changed(store))
}

const folder = fileURLToPath(new URL('.', import.meta.url))
const clients = { typescript: 6, go: 0 }

const faults: Record<string, (store: Store) => Partial<Store>> = {
  'a read that goes back': store => {
    const pages = new Map<string, Page>()
    const isDue = every(3)
    return {
      read: async (drop, after, limit, now) => {
        const page = await store.read(drop, after, limit, now)
        const earlier = pages.get(`${drop} ${after} ${limit}`)
        if (earlier !== undefined && limit > 0 && earlier.texts.join() !== page.texts.join() && isDue()) return earlier
        pages.set(`${drop} ${after} ${limit}`, page)
        return page
      }
    }
  },
  'a doubled key': store => {
    const seen = new Map<string, Appended>()
    const isDue = every(3)
    return {
      append: async (drop, message, now, limits) => {
        const id = `${drop} ${message.key?.id}`
        if (message.key !== undefined && seen.has(id) && isDue()) return await store.append(drop, { ...message, key: undefined }, now, limits)
        const appended = await store.append(drop, message, now, limits)
        seen.set(id, appended)
        return appended
      }
    }
  },
  'a drain that forgets': store => {
    const isDue = every(3)
    return {
      drain: async (drop, now, most) => {
        const drained = await store.drain(drop, now, most)
        if ('needs' in drained || drained.texts.length < 2 || !isDue()) return drained
        return { ...drained, texts: drained.texts.slice(1) }
      }
    }
  },
  'a drain that keeps what it returns': store => {
    const isDue = every(10)
    return {
      drain: async (drop, now, most) => {
        const page = await store.read(drop, 0, 1_000, now)
        return page.texts.length > 0 && isDue() ? page : await store.drain(drop, now, most)
      }
    }
  },
  'a drain in two steps': store => ({
    drain: async (drop, now, most) => {
      const page = await store.read(drop, 0, 1_000, now)
      await new Promise(resolve => setTimeout(resolve, 2))
      await store.drain(drop, now, most)
      return page
    }
  }),
  'a message that is lost after its answer': store => {
    const isDue = every(20)
    return {
      append: async (drop, message, now, limits) => {
        if (!isDue()) return await store.append(drop, message, now, limits)
        const { texts, next } = await store.read(drop, 0, 1_000, now)
        return { seq: next + 1, count: texts.length + 1 }
      }
    }
  },
  'an acknowledgement that takes one too many': store => {
    const isDue = every(3)
    return {
      acknowledge: async (drop, after, now) => {
        const left = await store.acknowledge(drop, after, now)
        return left > 0 && isDue() ? await store.acknowledge(drop, after + 1, now) : left
      }
    }
  },
  'a deletion that happens only after its answer': store => ({
    delete: async (drop, now) => {
      await store.read(drop, 0, 0, now)
      setTimeout(() => { store.delete(drop, now).catch(() => {}) }, 20)
    }
  })
}

t.test('histories made by hand', { skip: needs('go') }, async t => {
  const { stdout } = await promisify(execFile)('go', ['test', '-count=1', '-v', './...'], { cwd: folder }).catch((failed: { stdout: string }) => failed)
  const ended = stdout.match(/^ *--- \w+: .*$/gm) ?? []
  t.ok(ended.length > 10)
  for (const line of ended) t.match(line, /--- PASS/, line.trim())
})

t.test('the store alone is explained', { skip: needs('go') }, async t => {
  const report = await checkRun(t, await buildTools(t), {
    store: 'memory', servers: [await serve(t, 'a', memoryStore())], seconds: 30, operations: 1_000, clients
  })
  isExplained(t, report)
})

t.test('planted faults', { skip: needs('go') }, async t => {
  const tools = await buildTools(t)
  const kept = await temporaryDirectory(t)
  for (const [name, changed] of Object.entries(faults)) {
    const server = await serve(t, 'a', but(memoryStore(), changed))
    const { operations, seed, violations } = await checkRun(t, tools, { store: 'planted', servers: [server], seconds: 30, operations: 1_000, clients, kept })
    const [least] = violations
    t.comment(`${name}, seed ${seed}: ${violations.length} violations in ${operations} operations; the smallest has ${least?.operations}`)
    t.ok(violations.some(({ result }) => result === 'Illegal'), `${name} is found`)
    t.ok(least?.picture !== undefined && existsSync(least.picture), 'and drawn')
    t.equal(readFileSync(least?.history ?? '', 'utf8').trim().split('\n').length, least?.operations)
  }
})
