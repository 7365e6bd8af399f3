import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Test } from 'tap'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const run = promisify(execFile)

/**
 * A folder in which somebody has installed the package as it is published: the files of its
 * tarball, beside everything that is installed here.
 * @param without packages that this somebody does not have
 */
export async function consumer (t: Test, { without = [] as string[] } = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-consumer-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'package.json'), '{"private":true,"type":"module"}')
  const modules = join(folder, 'node_modules')
  await mkdir(modules)
  for (const name of await installed(join(root, 'node_modules'))) {
    if (without.includes(name)) continue
    await mkdir(dirname(join(modules, name)), { recursive: true })
    await symlink(join(root, 'node_modules', name), join(modules, name))
  }
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: root })
  await run('tar', ['-xzf', JSON.parse(stdout)[0].filename], { cwd: folder })
  await rename(join(folder, 'package'), join(modules, 'fastify-signalbox'))
  return folder
}

/** The names of the packages, with those that have a scope. */
async function installed (modules: string): Promise<string[]> {
  const names = (await readdir(modules)).filter(name => !name.startsWith('.'))
  const scoped = await Promise.all(names.map(async name =>
    name.startsWith('@') ? (await readdir(join(modules, name))).map(inner => `${name}/${inner}`) : [name]))
  return scoped.flat()
}
