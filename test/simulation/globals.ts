import type { Entry } from './agenda.js'
import type { World } from './world.js'

/** Timers that fire at the same time do so in the order in which they were set. */
const IN_ORDER = 0.5

export const realGlobals = { setImmediate: globalThis.setImmediate }

/** What code finds when it sets a timer: Node's timers have these, too. */
class Timer {
  entry: Entry | undefined

  ref (): this { return this }
  unref (): this { return this }
  hasRef (): boolean { return true }
}

/**
 * Replaces what a program asks about time and chance by what the world says.
 * @returns puts everything back
 */
export function simulated (world: World): () => void {
  const { agenda, random } = world

  function setTimer (label: string, run: () => void, ms = 1, repeats = false): Timer {
    const timer = new Timer()
    const delay = Math.max(1, Math.trunc(ms) || 1)
    const fire = (): void => {
      if (repeats) set()
      else timer.entry = undefined
      run()
    }
    const set = (): void => {
      timer.entry = { at: world.elapsed + delay, rank: IN_ORDER, label, run: fire }
      agenda.add(timer.entry)
    }
    set()
    return timer
  }

  function clear (timer: unknown): void {
    if (timer instanceof Timer) {
      if (timer.entry !== undefined) agenda.remove(timer.entry)
      timer.entry = undefined
    } else {
      // Set before the world began.
      original.clearTimeout(timer as NodeJS.Timeout)
    }
  }

  type Callback = (...args: unknown[]) => void
  const original = { clearTimeout: globalThis.clearTimeout }
  const undo = [
    replace(globalThis, 'setTimeout', (run: Callback, ms?: number, ...args: unknown[]) => setTimer('timer', () => { run(...args) }, ms)),
    replace(globalThis, 'setInterval', (run: Callback, ms?: number, ...args: unknown[]) => setTimer('interval', () => { run(...args) }, ms, true)),
    replace(globalThis, 'setImmediate', (run: Callback, ...args: unknown[]) => {
      const timer = new Timer()
      timer.entry = { at: 0, rank: 0, label: 'immediate', run: () => { run(...args) } }
      agenda.addImmediate(timer.entry)
      return timer
    }),
    replace(globalThis, 'clearTimeout', clear),
    replace(globalThis, 'clearInterval', clear),
    replace(globalThis, 'clearImmediate', clear),
    replace(globalThis.performance, 'now', () => world.elapsed),
    replace(Date, 'now', () => world.epoch),
    replace(Math, 'random', () => random.next()),
    replace(globalThis.crypto, 'getRandomValues', (bytes: Uint8Array) => {
      for (let i = 0; i < bytes.length; i++) bytes[i] = random.integer(0, 255)
      return bytes
    })
  ]
  return () => { for (const put of undo) put() }
}

function replace (owner: object, name: string, value: unknown): () => void {
  const before = Object.getOwnPropertyDescriptor(owner, name)
  Object.defineProperty(owner, name, { value, configurable: true, writable: true })
  return () => {
    if (before === undefined) Reflect.deleteProperty(owner, name)
    else Object.defineProperty(owner, name, before)
  }
}
