import { readFileSync } from 'node:fs'

interface Manifest {
  version: string
  engines: { node: string }
  optionalDependencies: Record<string, string>
  peerDependencies: Record<string, string>
}

const manifest = readManifest()

/** This package's version. */
export const { version } = manifest

/** The oldest version of Node that it runs on. */
export const oldestNode = manifest.engines.node.replace('>=', '')

/** The optional packages, each with its version range. */
export const optionalPackages: ReadonlyMap<string, string> = new Map(Object.entries({ ...manifest.optionalDependencies, ...manifest.peerDependencies }))

/** A host that is bundled into one file does not have this package's manifest beside it. */
function readManifest (): Manifest {
  try {
    return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as Manifest
  } catch {
    return { version: 'unknown', engines: { node: '>=0' }, optionalDependencies: {}, peerDependencies: {} }
  }
}
