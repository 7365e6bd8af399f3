import { readFileSync } from 'node:fs'

interface Manifest {
  version: string
  optionalDependencies: Record<string, string>
  peerDependencies: Record<string, string>
}

const manifest = readManifest()

/** This package's version. */
export const { version } = manifest

/** The optional packages, each with its version range. */
export const optionalPackages: ReadonlyMap<string, string> = new Map(Object.entries({ ...manifest.optionalDependencies, ...manifest.peerDependencies }))

/** A host that is bundled into one file does not have this package's manifest beside it. */
function readManifest (): Manifest {
  try {
    return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as Manifest
  } catch {
    return { version: 'unknown', optionalDependencies: {}, peerDependencies: {} }
  }
}
