/**
 * Loads the package that a store needs, no sooner than the store is asked for: whoever keeps boxes elsewhere need not have it.
 * @param version the major version that is needed
 * @throws Error that says in one sentence what to do
 */
export async function loadDriver<T> (store: string, name: string, version: number, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    const { message } = cause as Error
    // The code of the error says the same of a package that this one needs, and loaders may drop it.
    const missing = message.startsWith(`Cannot find package '${name}'`) || message.startsWith(`Cannot find module '${name}'`)
    throw new Error(missing
      ? `The ${store} store needs the package ${name} ${version}: npm install ${name}`
      : `The ${store} store could not load the package ${name}: ${message.split('\n', 1)[0]}`, { cause })
  }
}
