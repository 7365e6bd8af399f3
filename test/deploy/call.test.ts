import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { needsChromium } from '../helpers/chromium.js'
import { needs } from '../helpers/needs.js'
import { network } from './place.js'

const skip = needs('caddy') || needs('turnserver') || needs('ip') || await needsChromium()
const [script, program] = ['network.sh', 'call.ts'].map(name => fileURLToPath(new URL(name, import.meta.url)))
const separate = ['--net', '--mount', '--pid', '--fork', '--kill-child']
const command = [process.execPath, ...process.execArgv, program!]
const name = 'a call through the shipped Caddy and coturn'

if (skip !== false) t.test(name, { skip }, async () => {})
else if (separable()) {
  // The shipped files name ports, a public address and what may not be relayed to, so they get a network of their own.
  const { domain, clients, gateway, container } = network
  await t.spawn('unshare', [...separate, 'sh', script!, domain, ...clients, gateway, container, '--', ...command, 'alone'], { timeout: 900_000 }, name)
} else await t.spawn(command[0]!, command.slice(1), { timeout: 900_000 }, `${name}, whose ports and addresses are changed`)

/** Whether this user can make a network as network.sh does. */
function separable (): boolean {
  try {
    execFileSync('unshare', [...separate, 'sh', script!, network.domain, network.gateway, '--', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
