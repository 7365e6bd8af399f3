import assert from 'node:assert/strict'
import { copyFileSync, cpSync, mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { root, run, tools, version } from '../../../scripts/client-tools.js'
import { followReadme, isSource } from '../follow-readme.js'

/** Builds and installs the package, and compiles the programs of its README, with our runners, and an example. */
export async function prepareJava (folder) {
  const env = { ...process.env, MAVEN_OPTS: `-Dmaven.repo.local=${join(tools, 'm2')} -Dstyle.color=never` }
  const mvn = (...args) => run('mvn', ['--batch-mode', '-Dmaven.compiler.failOnWarning=true', ...args], { cwd: folder, env })
  followReadme('java', folder, env, join('clients', 'java'))
  const sourceJar = buildJava(folder, mvn)
  const sources = join(folder, 'src', 'main', 'java')
  mkdirSync(join(sources, 'signalbox'))
  copyFileSync(join(import.meta.dirname, 'Runner.java'), join(sources, 'Runner.java'))
  copyFileSync(join(import.meta.dirname, 'box', 'BoxRunner.java'), join(sources, 'signalbox', 'BoxRunner.java'))
  const example = join(folder, 'examples', 'java-watch')
  cpSync(join(root, 'examples', 'java-watch'), example, { recursive: true, filter: isSource })
  mvn('-f', example, 'compile')
  mvn('compile', 'dependency:build-classpath', '-Dmdep.outputFile=classpath')
  const dependencies = readFileSync(join(folder, 'classpath'), 'utf8')
  compileJava(join(folder, 'published'), sourceJar, dependencies)
  const program = (name, built = folder) => ({ command: 'java', args: ['-cp', join(built, 'target', 'classes') + delimiter + dependencies, name], options: { cwd: folder, env }, file: join('src', 'main', 'java', `${name}.java`) })
  return {
    runner: program('Runner'),
    example: program('Example'),
    stream: program('Watch', example),
    box: {
      runners: { java: program('signalbox.BoxRunner') },
      tests: { command: 'mvn', args: ['--batch-mode', 'surefire:test'], options: { cwd: join(folder, 'clients', 'java'), env } },
      receive: program('Receive'),
      send: program('Send')
    }
  }
}

/** Builds the Java package as for its registry, without a warning, and returns the file with its sources. */
function buildJava (folder, mvn) {
  cpSync(join(root, 'generated', 'java'), join(folder, 'generated', 'java'), { recursive: true })
  const registry = join(folder, 'registry')
  mvn('-f', join('clients', 'java'), '-DskipTests', `-DaltDeploymentRepository=registry::file://${registry}`, 'deploy')
  const published = join(registry, 'io', 'github', 'fastify-signalbox', 'signalbox-client', version)
  const jar = kind => `signalbox-client-${version}${kind}.jar`
  const files = readdirSync(published).filter(file => !/\.(?:md5|sha1)$/.test(file))
  assert.deepEqual(files.sort(), [jar('-javadoc'), jar('-sources'), jar(''), jar('').replace('.jar', '.pom')].sort())
  for (const [kind, extension] of [['', 'class'], ['-sources', 'java']]) {
    const names = run('jar', ['tf', join(published, jar(kind))]).split('\n').filter(name => name !== '' && !name.endsWith('/'))
    for (const name of [`signalbox/Box.${extension}`, `signalbox/operations/api/BoxApi.${extension}`, 'META-INF/LICENSE']) assert.ok(names.includes(name), name)
    assert.deepEqual(names.filter(name => !(name.startsWith('signalbox/') && name.endsWith(`.${extension}`)) && !/^META-INF\/(?:MANIFEST\.MF|LICENSE|maven\/.+)$/.test(name)), [], 'nothing else is published')
  }
  const pom = readFileSync(join(published, jar('').replace('.jar', '.pom')), 'utf8')
  // What Maven Central requires.
  for (const element of ['name', 'description', 'url', 'licenses', 'developers', 'scm']) assert.match(pom, new RegExp(`^  <${element}>`, 'm'))
  return join(published, jar('-sources'))
}

/** Compiles what is published as source, which has to be complete: neither our classes nor the repository is there. */
function compileJava (folder, sourceJar, classpath) {
  mkdirSync(folder)
  run('jar', ['xf', sourceJar], { cwd: folder })
  const sources = readdirSync(folder, { recursive: true }).filter(name => name.endsWith('.java'))
  const others = classpath.split(delimiter).filter(path => !path.includes('signalbox-client'))
  run('javac', ['-Xlint:all', '-Werror', '--release', '17', '-cp', others.join(delimiter), '-d', 'classes', ...sources], { cwd: folder })
}
