#!/usr/bin/env node
import closeWithGrace from 'close-with-grace'
import { version } from '../version.js'
import { help, readConfig, type Config } from './config.js'

/** All that was accepted is answered and flushed by then, ms. */
const GRACE = 10_000

try {
  const config = readConfig(process.argv.slice(2), process.env)
  if (config === 'help') process.stdout.write(help())
  else if (config === 'version') process.stdout.write(`${version}\n`)
  else await serve(config)
} catch (error) {
  process.stderr.write(`signalbox: ${sentence(error)}\n`)
  process.exit(1)
}

async function serve (config: Config): Promise<void> {
  let failure: Error | undefined
  let stop = (): void => {}
  const { buildServer } = await import('./app.js')
  const { app, listen } = await buildServer(config, {
    onFailure: error => {
      failure = error
      stop()
    }
  })
  stop = closeWithGrace({ delay: GRACE, logger: app.log }, async ({ signal, err: error = failure }) => {
    if (error === undefined) app.log.info(`${signal}, closing`)
    else app.log.fatal({ err: error }, 'The server has to end')
    await app.close()
    if (failure !== undefined) throw failure
  }).close

  const port = await listen()
  app.log.info(`signalbox ${version} is ready on http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}, boxes in ${config.store.kind}`)
}

/** What to do about it, on one line and without a stack: this is read by whoever starts the server. */
function sentence (error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') return 'the port is in use; stop what listens there, or give another --port'
  return message.split('\n', 1)[0] as string
}
