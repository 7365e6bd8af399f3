import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { loadOptional } from '../src/optional.js'
import { freshDirectory } from './store/directory.js'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../', import.meta.url))

t.test('without lmdb, a memory store works, and lmdbStore says what to install', async t => {
  const lmdb = await tryLmdb(t, () => {})
  t.match(lmdb, { served: 201, refused: 'The LMDB store needs the package lmdb 3: npm install lmdb@3' })
})

t.test('if the native addon of lmdb does not load, a memory store works, and lmdbStore says why', async t => {
  const lmdb = await tryLmdb(t, packages => {
    mkdirSync(join(packages, 'lmdb'))
    writeFileSync(join(packages, 'lmdb/index.js'), "throw Object.assign(new Error('lmdb.node: GLIBC_2.99 not found\\nmore of it'), { code: 'ERR_DLOPEN_FAILED' })")
  })
  t.match(lmdb, { served: 201, refused: 'The LMDB store could not be loaded: lmdb.node: GLIBC_2.99 not found' })
})

t.test('the error asks only for the package that is missing', async t => {
  const failing = (code: string, message: string) => loadOptional('The Redis store', async () => { throw Object.assign(new Error(message), { code }) })
  await t.rejects(failing('ERR_MODULE_NOT_FOUND', "Cannot find package 'ioredis' imported from /app/x.js"), { message: 'The Redis store needs the package ioredis 6: npm install ioredis@6' })
  await t.rejects(failing('ERR_MODULE_NOT_FOUND', "Cannot find package 'denque' imported from /app/x.js"), { message: "The Redis store could not be loaded: Cannot find package 'denque' imported from /app/x.js" })
  await t.rejects(failing('ERR_REQUIRE_ESM', 'no\nstack'), { message: 'The Redis store could not be loaded: no' })
})

/** What becomes of a memory store and of an LMDB store in a copy of the package that has all it needs but lmdb, or what `put` puts there. */
async function tryLmdb (t: Test, put: (packages: string) => void): Promise<unknown> {
  const directory = freshDirectory(t)
  const packages = join(directory, 'node_modules')
  mkdirSync(packages)
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name !== 'lmdb') symlinkSync(join(root, 'node_modules', name), join(packages, name))
  }
  put(packages)
  for (const part of ['dist', 'openapi', 'package.json']) cpSync(join(root, part), join(directory, part), { recursive: true })
  writeFileSync(join(directory, 'try.js'), `
    import Fastify from 'fastify'
    import { boxPlugin, lmdbStore } from './dist/index.js'
    const app = Fastify()
    await app.register(boxPlugin)
    const { statusCode: served } = await app.inject({ method: 'POST', url: '/boxes' })
    const refused = await lmdbStore({ path: './boxes' }).catch(error => error.message)
    await app.close()
    console.log(JSON.stringify({ served, refused }))
  `)
  const { stdout } = await run(process.execPath, ['try.js'], { cwd: directory })
  return JSON.parse(stdout)
}
