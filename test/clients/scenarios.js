import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Long enough for a read to be held when the next call comes; nothing depends on it. */
const HELD = 150

/** Every scenario of the file for a store, one for each value. */
export function scenariosFor (store) {
  const scenarios = JSON.parse(readFileSync(join(import.meta.dirname, 'scenarios.json'), 'utf8'))
  return scenarios.filter(({ stores = [store] }) => stores.includes(store)).flatMap(({ each = [null], name, ...scenario }) => each.map(value => ({
    ...scenario, value, name: name.replace('{value}', () => JSON.stringify(value).slice(0, 60))
  })))
}

/**
 * Plays a scenario through a runner.
 * @param servers the base URL of each server by its name
 * @throws AssertionError with what came where something else was expected
 */
export async function play (runner, servers, { steps, server = 'main', value }) {
  const kept = { value }
  async function playStep ({ call, args = {}, base = '', as, times = 1, until, while: meanwhile = [], expect = {} }) {
    for (let time = 1; time <= times; time++) {
      const asked = { url: servers[server] + base, call: fill(call, kept), args: fill(args, kept) }
      const [result] = await Promise.all([runner.call(asked), playWhile(meanwhile)])
      const last = until === undefined || time === times || result.status === until
      if (last) check(fill(expect, kept), result, asked)
      if (as !== undefined) kept[as] = result.answer
      if (until !== undefined && last) return
    }
  }
  async function playWhile (meanwhile) {
    if (meanwhile.length > 0) await sleep(HELD)
    for (const step of meanwhile) await playStep(step)
  }
  for (const step of steps) await playStep(step)
}

function check ({ status, answer, problem, match = {} }, result, asked) {
  const about = `${asked.call} ${JSON.stringify(asked.args)} answered ${JSON.stringify(result)}`
  assert.equal(result.error, undefined, about)
  if (status !== undefined) assert.equal(result.status, status, about)
  if (problem === undefined) assert.equal(result.problem, undefined, about)
  const found = problem === undefined ? result.answer : result.problem
  for (const [name, expected] of Object.entries(answer ?? problem ?? {})) assert.deepEqual(found?.[name], expected, about)
  for (const [name, pattern] of Object.entries(match)) assert.match(found?.[name] ?? '', new RegExp(pattern), about)
}

/** Puts what was kept in the place of its name: `{a.data}`, `{value}`, and `"..."` for all its members. */
function fill (node, kept) {
  if (typeof node === 'string') {
    const [, name, member] = /^\{(\w+)(?:\.(\w+))?\}$/.exec(node) ?? []
    if (name === undefined) return node
    return member === undefined ? kept[name] : kept[name]?.[member]
  }
  if (Array.isArray(node)) return node.map(item => fill(item, kept))
  if (typeof node !== 'object' || node === null) return node
  const { '...': spread, ...members } = node
  return { ...Object.fromEntries(Object.entries(members).map(([name, item]) => [name, fill(item, kept)])), ...fill(spread, kept) }
}
