import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { needsChromium } from '../helpers/chromium.js'
import { needs } from '../helpers/needs.js'
import { network } from './place.js'

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const script = pathOf('network.sh')
const separate = ['--net', '--mount', '--pid', '--fork', '--kill-child']

/**
 * Runs a test in a process of its own. The shipped files name ports, a public address and what may not be relayed to, so
 * they get a network of their own where this user can make one; then the process has the argument `alone`.
 * @param file the test, in this folder
 * @param programs what it needs
 */
export async function inNetwork (file: string, name: string, programs: string[]): Promise<void> {
  const skip = programs.map(needs).find(reason => reason !== false) ?? await needsChromium()
  if (skip !== false) {
    t.test(name, { skip }, async () => {})
    return
  }
  const command = [process.execPath, ...process.execArgv, pathOf(file)]
  const options = { timeout: 900_000 }
  if (!separable()) {
    await t.spawn(command[0]!, command.slice(1), options, `${name}, whose ports and addresses are changed`)
    return
  }
  const { domain, clients, gateway, containers, valkey } = network
  await t.spawn('unshare', [...separate, 'sh', script, domain, ...clients, gateway, ...containers, valkey, '--', ...command, 'alone'], options, name)
}

/** Whether this user can make a network as network.sh does. */
function separable (): boolean {
  try {
    execFileSync('unshare', [...separate, 'sh', script, network.domain, network.gateway, '--', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
