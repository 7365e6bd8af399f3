/**
 * Loads the package that a store needs, no sooner than the store is asked for: whoever keeps boxes elsewhere need not have it.
 * @param version the major version that is needed
 * @throws Error that says in one sentence what to do
 */
export async function loadDriver<T> (store: string, name: string, version: number, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const missing = (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') && new RegExp(`Cannot find (?:package|module) '${name}'`).test(message)
    throw new Error(missing
      ? `The ${store} store needs the package ${name} ${version}: npm install ${name}`
      : `The ${store} store could not load the package ${name}: ${message.split('\n', 1)[0]}`, { cause })
  }
}
