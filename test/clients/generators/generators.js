import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, symlinkSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { delimiter, join } from 'node:path'
import { build } from 'esbuild'
import { openapiGenerator, root, run, tools } from '../../../scripts/client-tools.js'

const here = import.meta.dirname
const openapi = (name, options = '') => `npx @openapitools/openapi-generator-cli generate -i openapi-3.0.json -g ${name} -o client${options}`

/**
 * The generators that the table in docs/generators.md is about: what each needs, the commands as a
 * user runs them beside a copy of the contract, and how its runner starts then. A row `withJson` is
 * the same client given messages in another way, where it stores some as something else.
 */
export const generators = {
  'openapi-fetch': { about: 'openapi-fetch', needs: [], commands: 'npx openapi-typescript openapi.json -o client.d.ts', start: script },
  orval: { about: 'orval, `fetch`', needs: [], commands: 'npx orval --input openapi.json --output client/client.ts --client fetch', start: script },
  kubb: { about: 'kubb, `fetch`', needs: [], commands: 'npx kubb generate', start: script },
  'hey-api': { about: 'hey-api, `fetch`', needs: [], commands: 'npx @hey-api/openapi-ts -i openapi.json -o client', start: script },
  'typescript-fetch': { about: '`typescript-fetch`', needs: ['java'], commands: openapi('typescript-fetch'), start: script },
  php: { about: '`php`', needs: ['java', 'php'], commands: openapi('php'), start: folder => program(folder, 'php', copied(folder, 'runner.php')) },
  ruby: {
    about: '`ruby`',
    withJson: '`ruby`, given `JSON.generate(message)`',
    needs: ['java', 'ruby'],
    commands: openapi('ruby', ' --additional-properties=gemName=signalbox_client'),
    start: folder => program(folder, 'ruby', copied(folder, 'runner.rb'))
  },
  kotlin: {
    about: '`kotlin`',
    withJson: '`kotlin`, given a `JsonNode`',
    needs: ['java', 'mvn'],
    commands: openapi('kotlin', ' --additional-properties=packageName=signalbox,serializationLibrary=jackson'),
    start: startKotlin
  }
}

/** Makes the client in an empty folder, and gives the command of its runner. */
export async function prepareGenerator (name, folder) {
  const { commands, start } = generators[name]
  const packages = npmPackages()
  for (const contract of ['openapi.json', 'openapi-3.0.json']) copyFileSync(join(root, 'openapi', contract), join(folder, contract))
  copyFileSync(join(here, 'kubb.config.js'), join(folder, 'kubb.config.js'))
  symlinkSync(join(packages, 'node_modules'), join(folder, 'node_modules'))
  const jar = await openapiGenerator()
  const local = commands
    .replaceAll('npx @openapitools/openapi-generator-cli', `java -jar '${jar}'`)
    .replaceAll(/npx (?:@hey-api\/)?/g, '')
  const bins = [packages, root].map(folder => join(folder, 'node_modules', '.bin'))
  run('sh', ['-e', '-c', local], { cwd: folder, env: { ...process.env, PATH: [...bins, process.env.PATH].join(delimiter) } })
  return await start(folder, name)
}

/** The npm packages of the generators, once for each lock file; they stay out of the repository's own. */
function npmPackages () {
  const hash = createHash('sha256').update(readFileSync(join(here, 'package-lock.json'))).digest('hex').slice(0, 12)
  const folder = join(tools, `generators-${hash}`)
  if (!existsSync(folder)) {
    const partial = `${folder}.part`
    mkdirSync(partial, { recursive: true })
    for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(here, file), join(partial, file))
    run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: partial })
    renameSync(partial, folder)
  }
  return folder
}

async function script (folder, name) {
  const outfile = join(folder, 'runner.mjs')
  await build({
    entryPoints: [join(here, `${name}.js`)],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    logLevel: 'error',
    alias: { client: join(folder, 'client') }
  })
  return program(folder, process.execPath, 'runner.mjs')
}

function startKotlin (folder) {
  const env = { ...process.env, MAVEN_OPTS: `-Dmaven.repo.local=${join(tools, 'm2')} -Dstyle.color=never` }
  copyFileSync(join(here, 'kotlin', 'pom.xml'), join(folder, 'pom.xml'))
  copyFileSync(join(here, 'kotlin', 'Runner.kt'), join(folder, 'client', 'src', 'main', 'kotlin', 'Runner.kt'))
  // Run once with nothing to do, so that Maven has its plugins when the clock runs.
  run('mvn', ['--batch-mode', 'compile', 'exec:java'], { cwd: folder, env, input: '' })
  return { command: 'mvn', args: ['--quiet', 'exec:java'], options: { cwd: folder, env } }
}

/** A script that finds the client beside it. */
function copied (folder, file) {
  copyFileSync(join(here, file), join(folder, file))
  return file
}

function program (folder, command, file) {
  return { command, args: [file], options: { cwd: folder } }
}
