import closeWithGrace from 'close-with-grace'
import { version } from '../manifest.js'
import { buildServer } from './app.js'
import type { Config } from './config.js'

/** Until then, everything that was accepted is answered and flushed; in ms. */
const CLOSE_TIMEOUT = 10_000

/** Runs the server until a signal or a failure ends it. */
export async function serve (config: Config): Promise<void> {
  let failure: Error | undefined
  let stop = (): void => {}
  const { app, listen } = await buildServer(config, {
    onFailure: error => {
      failure = error
      stop()
    }
  })
  stop = closeWithGrace({ delay: CLOSE_TIMEOUT, logger: app.log }, async ({ signal, err: error = failure }) => {
    if (error === undefined) app.log.info(`Received ${signal}, shutting down`)
    else app.log.fatal({ err: error }, 'The server must stop')
    await app.close()
    if (failure !== undefined) throw failure
  }).close

  const port = await listen()
  app.log.info(`signalbox ${version} is ready on http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}, boxes in ${config.store.kind}`)
}
