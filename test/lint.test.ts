import { execFile } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ESLint } from 'eslint'
import t from 'tap'
import { freshDirectory } from './store/directory.js'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../', import.meta.url))

/** One fault for each rule: the module, and what it imports. */
const faults: Record<string, readonly [file: string, statement: string]> = {
  circle: ['src/store/round.ts', "import type {} from './turn.js'"],
  'store imports from above': ['src/store/one.ts', "import type {} from '../box/one.js'"],
  'box imports from above': ['src/box/one.ts', "import '../http/one.js'"],
  'host imports from above': ['src/host/one.ts', "import '../http/one.js'"],
  'http imports from above': ['src/http/one.ts', "import '../plugin.js'"],
  'compat imports from above': ['src/compat/one.ts', "import '../server/one.js'"],
  'server imports from above': ['src/server/one.ts', "import '../index.js'"],
  'an optional package is loaded before it is asked for': ['src/store/two.ts', "import { open } from 'lmdb'\nopen()"],
  'the plugin imports what only the server needs': ['src/http/two.ts', "await import('@fastify/helmet')"],
  'only the plugin and the server choose a store': ['src/http/three.ts', "import '../store/memory.js'"],
  'the server imports the client or the page': ['src/options.ts', "import 'signalbox-client'"],
  'the client imports more than the contract': ['clients/typescript/src/one.ts', "import 'node:fs'"],
  'the client imports calls': ['clients/typescript/src/two.ts', "import './webrtc/one.js'"],
  'only the strategy for Trystero imports Trystero': ['clients/typescript/src/three.ts', "import '@trystero-p2p/core'"],
  'the page imports more than the client': ['src/web/one.ts', "import '../errors.js'"],
  'src/web/text imports a folder that is not listed': ['src/web/text/one.ts', "import '../ui/one.js'"],
  'src/web/ui imports a folder that is not listed': ['src/web/ui/one.ts', "import '../media/one.js'"],
  'src/web/media imports a folder that is not listed': ['src/web/media/one.ts', "import '../storage/one.js'"],
  'src/web/storage imports a folder that is not listed': ['src/web/storage/one.ts', "import '../files/one.js'"],
  'src/web/files imports a folder that is not listed': ['src/web/files/one.ts', "import '../call/one.js'"],
  'src/web/call imports a folder that is not listed': ['src/web/call/one.ts', "import '../chat/one.js'"],
  'src/web/chat imports a folder that is not listed': ['src/web/chat/one.ts', "import '../devices/one.js'"],
  'src/web/devices imports a folder that is not listed': ['src/web/devices/one.ts', "import '../people/one.js'"],
  'src/web/people imports a folder that is not listed': ['src/web/people/one.ts', "import '../screens/one.js'"],
  'src/web/screens imports a folder that is not listed': ['src/web/screens/one.ts', "import '../page.js'"]
}

/** What is imported above, and is no fault itself. */
const innocent: Record<string, string> = {
  'src/store/turn.ts': "import './round.js'",
  'src/errors.ts': '',
  'src/index.ts': '',
  'src/plugin.ts': '',
  'src/web/page.ts': '',
  'src/store/memory.ts': "export type {} from 'lmdb'\nawait import('lmdb')",
  'clients/typescript/src/webrtc/one.ts': "import 'openapi-fetch'"
}

t.test('every rule on imports catches its violation', async t => {
  const directory = freshDirectory(t)
  for (const [file, text] of [...Object.values(faults), ...Object.entries(innocent)]) {
    await mkdir(dirname(join(directory, file)), { recursive: true })
    await writeFile(join(directory, file), text)
  }
  await symlink(join(root, 'node_modules'), join(directory, 'node_modules'))
  for (const name of ['package.json', 'tsconfig.json', 'tsconfig.base.json']) await symlink(join(root, name), join(directory, name))

  const depcruise = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs')
  const config = join(root, '.dependency-cruiser.js')
  const { stdout } = await run(process.execPath, [depcruise, '--config', config, '-T', 'json', 'src', 'clients/typescript/src'], { cwd: directory })
    .catch((failed: { stdout: string }) => failed)
  const { summary: { violations } } = JSON.parse(stdout) as { summary: { violations: { from: string, rule: { name: string } }[] } }
  for (const [rule, [file]] of Object.entries(faults)) {
    t.ok(violations.some(({ from, rule: { name } }) => name === rule && from === file), rule)
  }
  const { default: { forbidden } } = await import(config) as { default: { forbidden: { name: string }[] } }
  t.same(forbidden.map(({ name }) => name).sort(), Object.keys(faults).sort(), 'no rule is untried')
})

t.test('a floating promise is caught in every folder', async t => {
  const eslint = new ESLint({ cwd: root })
  const text = 'export async function work (): Promise<void> {}\nwork()\n'
  for (const filePath of ['src/box/clock.ts', 'src/web/ui/dom.ts', 'clients/typescript/src/platform.ts']) {
    const [result] = await eslint.lintText(text, { filePath })
    t.match(result?.messages, [{ ruleId: '@typescript-eslint/no-floating-promises', line: 2 }], filePath)
  }
})
