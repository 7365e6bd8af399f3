import closeWithGrace from 'close-with-grace'
import { version } from '../manifest.js'
import { missingPackage } from '../optional.js'
import { buildServer } from './app.js'
import type { Config } from './config.js'

/** How long the server may take to answer and flush everything it accepted, in ms. */
const CLOSE_TIMEOUT = 10_000

/**
 * Runs the server until a signal or a failure ends it.
 * @throws Error if the server cannot start; nothing of it is left running
 */
export async function serve (config: Config): Promise<void> {
  const failure = new AbortController()
  const { app, listen } = await buildServer(config, {
    onFailure: error => { failure.abort(error) },
    ...process.stdout.isTTY && { log: await logForTerminal(process.stdout) }
  })
  const { close, uninstall } = closeWithGrace({ delay: CLOSE_TIMEOUT, logger: app.log }, async ({ signal, err }) => {
    const error = err ?? failure.signal.reason as Error | undefined
    if (error === undefined) app.log.info(`Received ${signal}, shutting down`)
    else app.log.fatal({ err: error }, 'The server must stop')
    await app.close()
    failure.signal.throwIfAborted()
  })
  // The store may have failed while the server was being built.
  if (failure.signal.aborted) return close()
  failure.signal.addEventListener('abort', close)

  try {
    const port = await listen()
    app.log.info(`signalbox ${version} is ready on ${config.tls === undefined ? 'http' : 'https'}://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}, boxes in ${config.store.kind}`)
  } catch (error) {
    uninstall()
    await app.close()
    throw error
  }
}

/** Without the package that makes it readable, the log is JSON, as elsewhere. */
async function logForTerminal (terminal: NodeJS.WriteStream): Promise<{ write: (line: string) => void }> {
  try {
    const { readableLog } = await import('./readable-log.js')
    return readableLog(terminal)
  } catch (error) {
    if (missingPackage(error) === 'pino-pretty') return terminal
    throw error
  }
}
