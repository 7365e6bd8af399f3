import { execFile } from 'node:child_process'
import { cp, readdir, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { consumer, root } from '../helpers/consumer.js'

const run = promisify(execFile)

/** The versions that `npm ci --prefix test/consumer` installs, and the one that this package is built with. */
const others = join(root, 'test/consumer/node_modules')
const skip = existsSync(others) || process.env['SIGNALBOX_TEST_ALL'] === '1' ? false : 'npm ci --prefix test/consumer was not run'
const compilers = [join(root, 'node_modules/typescript')]
if (skip === false) compilers.push(...(await readdir(others)).filter(name => name.startsWith('typescript-')).map(name => join(others, name)))

/** Each with the kind of module that belongs to it. */
const resolutions = { node16: 'node16', nodenext: 'nodenext', bundler: 'esnext' }

const shared = {
  target: 'es2022',
  lib: ['es2023', 'dom', 'dom.iterable', 'dom.asynciterable'],
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  noEmit: true
}

t.test('the types compile in other projects, without the optional packages', async t => {
  const folder = await consumer(t, { without: ['ioredis', 'lmdb', '@fastify/swagger', '@fastify/swagger-ui'] })
  await cp(join(root, 'test/consumer/program.ts'), join(folder, 'program.ts'))
  for (const [moduleResolution, module] of Object.entries(resolutions)) {
    const compilerOptions = { ...shared, module, moduleResolution }
    await writeFile(join(folder, `${moduleResolution}.json`), JSON.stringify({ compilerOptions, files: ['program.ts'] }))
  }
  // With the hooks that tap gives to child processes, TypeScript 7 does not start.
  // The kinds of resolution differ between themselves, and not from one version to the next: the oldest and the newest try all.
  for (const compiler of compilers) {
    const kinds = [compilers[1], compilers.at(-1)].includes(compiler) ? Object.keys(resolutions) : ['nodenext']
    const tsc = async (...args: string[]) => await run('env', ['-u', 'NODE_OPTIONS', process.execPath, join(compiler, 'bin/tsc'), ...args], { cwd: folder })
      .then(({ stdout }) => stdout.trim(), error => `${error.stdout}${error.stderr}`)
    const version = await tsc('--version')
    t.match(version, /^Version \d/)
    await Promise.all(kinds.map(async resolution => {
      t.equal(await tsc('-p', `${resolution}.json`), '', `${version}, ${resolution}`)
    }))
  }
})

t.test('every version of TypeScript to test is installed', { skip }, async t => {
  t.equal(compilers.length, 5)
})
