import { version } from '../manifest.js'
import { loadOptional } from '../optional.js'
import { commandsHelp, exitCodeOf, isCommand, runCommand } from './commands.js'
import { help, readConfig } from './config.js'

const args = process.argv.slice(2)
try {
  const config = isCommand(args[0]) ? undefined : readConfig(args, process.env)
  if (config === undefined) await runCommand(args, process.env, text => { process.stdout.write(text) })
  else if (config === 'help') process.stdout.write(`${help()}\n${commandsHelp()}`)
  else if (config === 'version') process.stdout.write(`${version}\n`)
  else {
    const { serve } = await loadOptional('The server', () => import('./serve.js'), 'npm install --include=optional')
    await serve(config)
  }
} catch (error) {
  process.stderr.write(`signalbox: ${explain(error)}\n`)
  process.exit(exitCodeOf(error))
}

/** What to do about an error, on one line and without a stack, for the person who starts the server. */
function explain (error: unknown): string {
  const { code, message, address, port } = error as NodeJS.ErrnoException & { address?: string, port?: number }
  if (code === 'EADDRINUSE') return `port ${port} is in use; stop the program that uses it or choose another --port`
  if (code === 'EADDRNOTAVAIL') return `this machine has no address ${address}; choose another --host`
  return message.split('\n', 1)[0] as string
}
