import { readFileSync } from 'node:fs'

interface Manifest {
  version: string
  optionalDependencies: Record<string, string>
  peerDependencies: Record<string, string>
}

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as Manifest

/** The version of this package, as its manifest has it. */
export const { version } = manifest

/** The packages that need not be installed, each with its range of versions. */
export const optionalPackages: ReadonlyMap<string, string> = new Map(Object.entries({ ...manifest.optionalDependencies, ...manifest.peerDependencies }))
