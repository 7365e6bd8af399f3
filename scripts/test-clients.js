/**
 * Runs test/clients/scenarios.json through every client on every store, the programs in the READMEs,
 * and the clients of other generators. See test/clients/README.md.
 *
 *   node scripts/test-clients.js [language or generator …] [--store memory,lmdb,redis] [--dist dist] [--update]
 *
 * `--update` writes the table of generators to docs/generators.md. Otherwise the two are compared.
 */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { generators, prepareGenerator } from '../test/clients/generators/generators.js'
import { comparePage, toMarkdown, tryClient } from '../test/clients/generators/table.js'
import { tryBehaviours } from '../test/clients/box/behaviours.js'
import { tryCalls } from '../test/clients/call/suite.js'
import { runFileExample } from '../test/clients/go/file-example.js'
import { languages } from '../test/clients/languages.js'
import { runCall, runExample, runReceiveAndSend, runStream, runTests } from '../test/clients/readme-programs.js'
import { Runner } from '../test/clients/runner.js'
import { play, scenariosFor } from '../test/clients/scenarios.js'
import { startServers } from '../test/clients/servers.js'
import { tamper, tamperings } from '../test/clients/tampering.js'
import { has, root } from './client-tools.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    store: { type: 'string', default: 'memory,lmdb,redis' },
    dist: { type: 'string', default: join(root, 'dist') },
    update: { type: 'boolean', default: false }
  }
})
const choose = from => Object.entries(from).filter(([name, { needs }]) =>
  (positionals.length === 0 || positionals.includes(name)) && needs.every(program => has(program, `${name} client`)))
const chosen = choose(languages)
const tried = choose(generators)
const stores = values.store.split(',').filter(store => store !== 'redis' || has('redis-server', 'clients on Redis'))

const work = mkdtempSync(join(tmpdir(), 'signalbox-clients-'))
const failures = []
const table = {}
const noticed = {}
const outcomes = {}
const promised = {}

async function attempt (name, action) {
  try {
    await action()
    return 1
  } catch (error) {
    failures.push(`${name}\n${error.message}`)
    return 0
  }
}

async function testClient (language, programs, store, urls) {
  const runner = new Runner(programs.runner)
  const scenarios = scenariosFor(store)
  let passed = 0
  for (const scenario of scenarios) {
    passed += await attempt(`${language} on ${store}: ${scenario.name}`, () => play(runner, urls, scenario))
  }
  await runner.end()
  let total = scenarios.length
  if (programs.example !== undefined && store === stores[0]) {
    passed += await attempt(`${language}: the README's example`, () => runExample(programs.example, urls.main))
    passed += await attempt(`${language}: the README's stream`, () => runStream(programs.stream, urls.main))
    total += 2
  }
  table[language] = { ...table[language], [store]: passed === total ? `${passed}` : `${passed} of ${total}` }
}

/** What a language's `Box` promises: the behaviours of every language, its own tests, and the programs of its README. */
async function testBox (language, { runners, tests, receive, send }, url) {
  await Promise.all(Object.entries(runners).map(async ([face, command]) => {
    const name = `${language} (${face})`
    const runner = new Runner(command)
    promised[name] = await tryBehaviours(runner, url, (behaviour, action) => attempt(`${name}: ${behaviour}`, action))
    await runner.end()
  }))
  if (tests === undefined) return
  await attempt(`${language}: the tests of its Box`, async () => {
    console.log(await runTests(tests, url))
  })
  await attempt(`${language}: the README's programs that receive and send`, () => runReceiveAndSend({ receive, send }, url))
}

/** What a language's calls promise: its own tests, and the programs of its README. */
async function testCall (language, { tests, host, guest, file, runner }, url) {
  await attempt(`${language}: the tests of its calls`, async () => {
    console.log(await runTests(tests, url))
  })
  await attempt(`${language}: the README's programs that call each other`, () => runCall({ host, guest }, url))
  if (file !== undefined) await attempt(`${language}: the example that sends a file`, () => runFileExample({ file, runner }, url))
}

/** What every language refuses in a call, and every pair of them, of browsers and of Node; see test/clients/call. */
async function testCallsTogether (prepared) {
  const runners = Object.fromEntries(Object.entries(prepared).flatMap(([language, { call }]) => call === undefined ? [] : [[language, call.runner]]))
  if (Object.keys(runners).length === 0) return
  await attempt('calls in all languages', async () => { console.log(await tryCalls(runners)) })
}

/** Tries the clients of a store's main server for the table of docs/generators.md. */
async function testGenerator ({ about, withJson }, command, url) {
  const runner = new Runner(command)
  await attempt(`${about}: generated from the contract`, async () => {
    outcomes[about] = await tryClient(about, runner, url)
    if (withJson !== undefined) outcomes[withJson] = await tryClient(withJson, runner, url, { json: true })
  })
  await runner.end()
}

/** Runs against a server that breaks the contract: at least one scenario has to fail. */
async function testTampering (language, programs, urls) {
  const runner = new Runner(programs.runner)
  const scenarios = scenariosFor(stores[0]).filter(({ name }) => /^(create|acknowledge|drain|delete): /.test(name))
  for (const name of Object.keys(tamperings)) {
    const server = await tamper(urls.main, name)
    let failed = 0
    for (const scenario of scenarios) await play(runner, { main: server.url }, scenario).catch(() => { failed++ })
    await server.stop()
    await attempt(`${language}: a server with ${name} is caught`, () => { assert.ok(failed > 0) })
    noticed[name] = { ...noticed[name], [language]: `${failed} of ${scenarios.length}` }
  }
  await runner.end()
}

try {
  const prepared = {}
  for (const [language, { prepare }] of chosen) {
    const start = Date.now()
    const folder = join(work, language)
    mkdirSync(folder)
    prepared[language] = await prepare(folder)
    console.log(`${language} client installed as its README says (${((Date.now() - start) / 1000).toFixed(0)} s)`)
  }
  const made = {}
  for (const [name] of tried) {
    const start = Date.now()
    const folder = join(work, name)
    mkdirSync(folder)
    made[name] = await prepareGenerator(name, folder)
    console.log(`${name} client generated (${((Date.now() - start) / 1000).toFixed(0)} s)`)
  }
  for (const store of stores) {
    const { urls, stop } = await startServers(store, values.dist, work)
    try {
      for (const [language, programs] of Object.entries(prepared)) {
        await testClient(language, programs, store, urls)
        if (store !== stores[0]) continue
        await testTampering(language, programs, urls)
        if (programs.box !== undefined) await testBox(language, programs.box, urls.main)
        if (programs.call !== undefined) await testCall(language, programs.call, urls.main)
      }
      if (store === stores[0]) {
        for (const [name, command] of Object.entries(made)) await testGenerator(generators[name], command, urls.main)
        await testCallsTogether(prepared)
      }
    } finally {
      await stop()
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true })
}

if (tried.length === Object.keys(generators).length) {
  await attempt('docs/generators.md', () => { comparePage(join(root, 'docs', 'generators.md'), toMarkdown(outcomes), values.update) })
} else if (tried.length > 0) {
  console.log(toMarkdown(outcomes))
}

for (const [name, figures] of Object.entries(promised)) {
  console.log(`Box in ${name}, through a proxy that cuts, delays, repeats and reorders:`)
  console.table(figures)
}
for (const failure of failures) console.log(`FAILED ${failure}\n`)
console.log('Scenarios passed. On the first store, this includes the programs in the README.')
console.table(table)
console.log('Scenarios that fail if the server breaks the contract. At least one must.')
console.table(noticed)
process.exitCode = failures.length === 0 && Object.keys(table).length + Object.keys(outcomes).length > 0 ? 0 : 1
