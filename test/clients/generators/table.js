import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { setTimeout as sleep } from 'node:timers/promises'

/** Long enough for a read to be held when the message comes; nothing depends on it. */
const HELD = 150

/** What is tried with each client. A check gives nothing where all is well, and the reason where something is not. */
const checks = {
  create: async ({ call }) => {
    const created = await call('createBox', { ttl: 60 })
    return reasonOf(created) ?? differs(created.answer?.type, 'created') ?? (/^drop_/.test(created.answer.drop) ? undefined : 'it has no drop address')
  },
  'an object': storing({ type: 'offer', sdp: 'v=0\r\n', more: { candidate: null, list: [1, [], {}] } }, {}),
  'a string': storing('Hello é 🎉', '42', 'null', '{"a":1}', ''),
  '`null`': storing(null),
  '`[]`': storing([], [null, []]),
  read: async ({ call, box, store }) => {
    await store({ a: null }, [])
    const read = await call('readMessages', { box: box.data, after: 1 })
    return reasonOf(read) ?? differs(read.answer.data, [[]]) ?? differs(Number(read.answer.next), 2)
  },
  wait: async ({ call, box, store }) => {
    const [read] = await Promise.all([call('readMessages', { box: box.data, wait: 20 }), sleep(HELD).then(() => store('at last'))])
    return reasonOf(read) ?? differs(read.answer.data, ['at last'])
  },
  acknowledge: async ({ call, box, store, stored }) => {
    await store(1, 2)
    const left = await call('acknowledge', { box: box.data, after: 1 })
    return reasonOf(left) ?? differs(left.answer.data, 1) ?? differs(await stored(), [2])
  },
  drain: async ({ call, box, store, stored }) => {
    await store({ a: 1 }, 'b')
    const drained = await call('drainMessages', { box: box.data })
    return reasonOf(drained) ?? differs(drained.answer.data, [{ a: 1 }, 'b']) ?? differs(await stored(), [])
  },
  delete: async ({ call, box, stored }) => {
    const deleted = await call('deleteBox', { box: box.data })
    return reasonOf(deleted) ?? differs(await stored(), undefined)
  },
  classic: async ({ call }) => {
    const made = await call('classicBox', {})
    if (reasonOf(made) !== undefined) return reasonOf(made)
    const { type, data: box, drop, expires } = made.answer
    const several = differs(type, 'created') ?? (/^box_/.test(box) && /^drop_/.test(drop) && !Number.isNaN(Date.parse(expires)) ? undefined : 'it loses the drop address')
    if (several !== undefined) return several
    const stored = await call('classicBox', { box, msg: 'é & +' })
    const drained = await call('classicBox', { box })
    return reasonOf(stored) ?? differs(stored.answer.data, 1) ?? reasonOf(drained) ?? differs(drained.answer.data, ['é & +'])
  },
  'a 404': async ({ call }) => {
    const { problem, error } = await call('readMessages', { box: `box_${'A'.repeat(32)}` })
    return error ?? differs(problem?.code, 'BOX_ERR_NOT_FOUND')
  }
}

const ELSE = 'it stores '

/** A value that is stored as something else is worse than one that is refused. */
function storing (...values) {
  return async ({ call, create, name, json }) => {
    let refused
    let other
    for (const value of values) {
      const { box, stored } = await create()
      const result = await call('storeMessage', { box: box.drop, message: value, ...json })
      const found = await stored()
      const failed = reasonOf(result)
      assert.equal(found.length, failed === undefined ? 1 : 0, `${name} stored ${JSON.stringify(found)} for ${JSON.stringify(value)}, and said ${JSON.stringify(result)}`)
      if (failed === undefined && !isDeepStrictEqual(found, [value])) other ??= `${ELSE}\`${JSON.stringify(found[0])}\` for \`${JSON.stringify(value)}\``
      refused ??= failed
    }
    return other ?? refused
  }
}

/** The first line of what the client said, or what the server did. */
function reasonOf ({ error, problem }) {
  if (error !== undefined) return `the client refuses it (${error.split('\n')[0].slice(0, 100)})`
  if (problem != null) return `the server refuses it (${problem.code})`
}

function differs (found, expected) {
  return isDeepStrictEqual(found, expected) ? undefined : `it gives ${JSON.stringify(found)}`
}

/**
 * Tries everything with one client.
 * @param json what its runner is told besides, to give messages in its other way
 * @returns the reason by the check, undefined where all is well
 */
export async function tryClient (name, runner, url, json = {}) {
  const outcomes = {}
  for (const [check, attempt] of Object.entries(checks)) {
    const create = () => createBox(url)
    const call = (call, args) => runner.call({ url, call, args })
    outcomes[check] = await attempt({ name, call, create, json, ...await create() })
  }
  return outcomes
}

async function createBox (url) {
  const box = await (await fetch(`${url}/boxes`, { method: 'POST' })).json()
  const messages = `${url}/boxes/${box.data}/messages`
  return {
    box,
    stored: async () => (await (await fetch(messages)).json()).data,
    async store (...values) {
      for (const value of values) await fetch(messages, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) })
    }
  }
}

/** The table in Markdown, with a note for each reason. @param {Record<string, Record<string, string | undefined>>} outcomes */
export function toMarkdown (outcomes) {
  const notes = []
  const cell = reason => {
    if (reason === undefined) return 'yes'
    if (!notes.includes(reason)) notes.push(reason)
    return `${reason.startsWith(ELSE) ? '**stores something else**' : 'no'} (${notes.indexOf(reason) + 1})`
  }
  const row = cells => `| ${cells.join(' | ')} |`
  const names = Object.keys(checks)
  const rows = Object.entries(outcomes).map(([name, outcome]) => row([name, ...names.map(check => cell(outcome[check]))]))
  const table = [row(['', ...names]), row(['---', ...names.map(() => '---')]), ...rows].join('\n')
  return notes.length === 0 ? table : `${table}\n\n${notes.map((note, index) => `${index + 1}. ${note}`).join('\n')}`
}

const PLACE = /(<!-- table: .*? -->\n\n)[^]*?(\n\n<!-- end -->)/

/** Compares the page with the table, or puts it in. @throws AssertionError where it is another */
export function comparePage (file, table, update) {
  const page = readFileSync(file, 'utf8')
  assert.match(page, PLACE)
  const expected = page.replace(PLACE, (_, start, end) => start + table + end)
  if (update) writeFileSync(file, expected)
  else assert.equal(page, expected, 'docs/generators.md differs from the results. If they are right, run: npm run test:clients -- --update')
}
