/**
 * Mutation testing: Stryker changes the code in one place at a time, and the tests that execute this place should fail.
 * A change that none of them notices shows an assertion that is missing, or code that has no effect.
 *
 *   npm run test:mutation -- FOLDER [FILE…]   # FILE as Stryker writes it: src/box/waiters.ts or src/box/waiters.ts:30-60
 *
 * It ends with the counts of each file, as a table for docs/how-we-know.md; the report is in coverage/mutation.
 */
import { availableParallelism } from 'node:os'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Stryker } from '@stryker-mutator/core'
import { root } from './client-tools.js'

/**
 * What is changed, and which tests must notice: those of the part itself, which run in their own process within a few
 * seconds. A fault that only a browser, Redis or a killed process would show counts as not noticed.
 */
const folders = {
  box: {
    files: ['src/box/*.ts', 'src/{tally,end-of-turn}.ts'],
    tests: ['box/waiters', 'box/box-service', 'box/message', 'box/capability', 'box/random', 'box/label', 'box/events', 'tally', 'end-of-turn', 'host/boxes']
  },
  store: {
    files: ['src/store/{admission,cost,deadlines,expiry,large-pages,lifetime,memory,memory-box,options,room,subscribers,texts,watch,with-deadline,with-space}.ts'],
    tests: ['store/admission', 'store/lifetime', 'store/options', 'store/watch', 'store/with-deadline', 'store/memory', 'http/held']
  },
  sealing: {
    files: ['clients/typescript/src/bytes.ts', 'clients/typescript/src/room/{sealing,secret}.ts', 'clients/typescript/src/webrtc/{sealing,short-code}.ts'],
    tests: ['webrtc/sealing', 'webrtc/short-code', 'webrtc/vectors', 'client/room-sealing', 'client/room-secret']
  },
  negotiation: {
    files: ['clients/typescript/src/webrtc/{agreement,attempts,candidates,early-messages,negotiation}.ts'],
    tests: ['webrtc/bounds', 'webrtc/early-messages', 'webrtc/attempts', 'webrtc/negotiation']
  },
  resume: {
    files: ['clients/typescript/src/{acknowledger,box,event-parser,event-source,follow,retry,scope,sender}.ts'],
    tests: ['client/event-parser', 'client/scope', 'client/retry', 'client/online', 'client/acknowledger', 'client/send', 'client/follow', 'client/box']
  }
}

const [name, ...files] = process.argv.slice(2)
if (!Object.hasOwn(folders, name ?? '')) {
  console.error(`Usage: npm run test:mutation -- ${Object.keys(folders).join('|')} [FILE…]`)
  process.exit(2)
}
const folder = folders[name]
process.chdir(root)

// One file for each test, with all that it imports: loading the modules one by one takes longer than most tests.
const bundle = [
  'esbuild', ...folder.tests.map(file => `test/${file}.test.ts`), '--bundle --platform=node --format=esm --keep-names --outdir=. --outbase=. --log-level=warning',
  '--external:lmdb --external:ioredis --external:@roamhq/wrtc',
  // CommonJS packages in the bundle need it.
  '--banner:js=import{createRequire\\ as\\ bundled}from"node:module";const\\ require=bundled(import.meta.url);'
].join(' ')

const results = await new Stryker({
  mutate: files.length > 0 ? files : folder.files,
  plugins: [fileURLToPath(import.meta.resolve('@stryker-mutator/tap-runner'))],
  testRunner: 'tap',
  tap: { testFiles: folder.tests.map(file => `test/${file}.test.js`), forceBail: true },
  buildCommand: bundle,
  // Everything else would only be copied.
  ignorePatterns: ['/*', '!/package.json', '!/tsconfig*.json', '!/src', '!/test', '!/clients', '!/docs', '!/generated', '!/openapi'],
  coverageAnalysis: 'perTest',
  timeoutMS: 15_000,
  concurrency: Math.ceil(availableParallelism() / 2),
  tempDirName: 'coverage/mutation/sandbox',
  reporters: ['clear-text', 'html', 'json'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false, reportScoreTable: false },
  htmlReporter: { fileName: `coverage/mutation/${name}.html` },
  jsonReporter: { fileName: `coverage/mutation/${name}.json` }
}).runMutationTest()

/** The counts of these mutants, as a row of a table. */
function row (title, mutants) {
  const count = (...statuses) => mutants.filter(({ status }) => statuses.includes(status)).length
  const noticed = count('Killed', 'Timeout')
  const survived = count('Survived')
  const notCovered = count('NoCoverage')
  const all = noticed + survived + notCovered
  return `| ${[title, all, noticed, count('Timeout'), survived, notCovered, `${(100 * noticed / all).toFixed(1)} %`].join(' | ')} |`
}

console.log('\n| file | mutants | noticed | of these, by a timeout | survived | not executed | score |\n| --- | --- | --- | --- | --- | --- | --- |')
for (const file of new Set(results.map(({ fileName }) => fileName))) console.log(row(relative(root, file), results.filter(({ fileName }) => fileName === file)))
console.log(row(name, results))
