import { readFileSync } from 'node:fs'

interface Manifest {
  version: string
  optionalDependencies: Record<string, string>
  peerDependencies: Record<string, string>
}

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as Manifest

/** This package's version. */
export const { version } = manifest

/** The optional packages, each with its version range. */
export const optionalPackages: ReadonlyMap<string, string> = new Map(Object.entries({ ...manifest.optionalDependencies, ...manifest.peerDependencies }))
