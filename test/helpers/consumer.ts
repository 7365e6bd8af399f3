import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Test } from 'tap'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const run = promisify(execFile)

/** Where each package that we publish is. */
const published = { 'fastify-signalbox': root, 'signalbox-client': join(root, 'clients/typescript') }

/**
 * A folder in which somebody has installed our packages as they are published: the files of their
 * tarballs, beside what is installed here.
 * @param options.without packages that this somebody does not have
 * @param options.only the only packages that this somebody has; everything where absent
 */
export async function consumer (t: Test, { without = [], only }: { without?: string[], only?: string[] } = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-consumer-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'package.json'), '{"private":true,"type":"module"}')
  const modules = join(folder, 'node_modules')
  await mkdir(modules)
  const has = (name: string): boolean => !without.includes(name) && (only === undefined || only.includes(name))
  for (const name of await installed(join(root, 'node_modules'))) {
    if (name in published || !has(name)) continue
    await mkdir(dirname(join(modules, name)), { recursive: true })
    await symlink(join(root, 'node_modules', name), join(modules, name))
  }
  for (const [name, cwd] of Object.entries(published)) {
    if (!has(name)) continue
    const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd })
    await run('tar', ['-xzf', JSON.parse(stdout)[0].filename], { cwd: folder })
    await rename(join(folder, 'package'), join(modules, name))
  }
  return folder
}

/** The names of the packages, with those that have a scope. */
async function installed (modules: string): Promise<string[]> {
  const names = (await readdir(modules)).filter(name => !name.startsWith('.'))
  const scoped = await Promise.all(names.map(async name =>
    name.startsWith('@') ? (await readdir(join(modules, name))).map(inner => `${name}/${inner}`) : [name]))
  return scoped.flat()
}
