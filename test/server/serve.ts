import type { Test } from 'tap'
import { buildServer, type ServerParts } from '../../src/server/app.js'
import { readConfig, type Config } from '../../src/server/config.js'

/** The server in this process, on a free port and closed with the test, and what it logs. */
export async function serve (t: Test, flags: string[] = [], parts: ServerParts = {}) {
  const lines: string[] = []
  const config = readConfig(['--port=0', '--host=127.0.0.1', '--store=memory:', ...flags], {}) as Config
  const { app, listen } = await buildServer(config, { log: { write: line => { lines.push(line) } }, ...parts })
  t.teardown(() => app.close())
  return { app, listen, logs: () => lines.join('') }
}
