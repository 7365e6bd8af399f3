import { optionalPackages } from './manifest.js'

/**
 * Loads a part whose packages are optional, only when it is needed.
 * @param part the subject of a sentence, such as `The LMDB store`
 * @param remedy what to do if a package is missing; by default, to install that package
 * @throws Error that says in one sentence what to do
 */
export async function loadOptional<T> (part: string, load: () => Promise<T>, remedy?: string): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    const { message } = cause as Error
    const name = missingPackage(cause) ?? ''
    const range = optionalPackages.get(name)
    if (range === undefined) throw new Error(`${part} could not be loaded: ${message.split('\n', 1)[0]}`, { cause })
    const [major] = /\d+/.exec(range) ?? []
    throw new Error(`${part} needs the package ${name} ${major}: ${remedy ?? `npm install ${name}@${major}`}`, { cause })
  }
}

/** The package that an import failed to find. The error's code does not say which one it is, and loaders may drop it. */
export function missingPackage (error: unknown): string | undefined {
  return /^Cannot find (?:package|module) '([^']+)'/.exec((error as Error).message)?.[1]
}
