/** Checks the contract with a second linter, Spectral; Redocly's strict rules are `npm run contract:check`. */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { root, run, tools } from './client-tools.js'

const SPECTRAL = '@stoplight/spectral-cli@6.16.3'

const folder = join(tools, SPECTRAL.replaceAll('/', '-'))
const spectral = join(folder, 'node_modules', '.bin', 'spectral')
if (!existsSync(spectral)) {
  mkdirSync(folder, { recursive: true })
  run('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', '--ignore-scripts', SPECTRAL])
}
console.log(run(spectral, ['lint', '--ruleset', join(root, 'openapi', 'spectral.yaml'), '--fail-severity', 'hint', join(root, 'openapi', 'openapi.json')]))
