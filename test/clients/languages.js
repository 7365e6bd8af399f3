import assert from 'node:assert/strict'
import { appendFileSync, copyFileSync, cpSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join, relative } from 'node:path'
import { build } from 'esbuild'
import { pythonEnvironment, root, run, tools, version } from '../../scripts/client-tools.js'
import { followReadme, followSteps } from './follow-readme.js'
import { prepareJava } from './java/prepare.js'

/**
 * Each language: what it needs, and how its client is installed in an empty folder. All but
 * TypeScript follow the client's README: its files are those shown there, its shell block is
 * run as it is. `prepare` returns the commands for the runner and the README's programs.
 */
export const languages = {
  typescript: { needs: [], prepare: prepareTypeScript },
  python: { needs: ['python3'], prepare: preparePython },
  go: { needs: ['go'], prepare: prepareGo },
  java: { needs: ['java', 'mvn'], prepare: prepareJava },
  rust: { needs: ['cargo'], prepare: prepareRust }
}

async function prepareTypeScript (folder) {
  const program = async (...path) => {
    const outfile = join(folder, path.join('-').replace(/ts$/, 'mjs'))
    await build({ entryPoints: [join(import.meta.dirname, 'typescript', ...path)], bundle: true, platform: 'node', format: 'esm', outfile, logLevel: 'error' })
    return { command: process.execPath, args: [outfile], options: { cwd: folder } }
  }
  // The tests of its Box, and of its README, are in test/client and test/docs.
  return { runner: await program('runner.ts'), box: { runners: { node: await program('box', 'runner.ts') } } }
}

async function preparePython (folder) {
  const built = buildPython(folder)
  const python = join(folder, 'venv', 'bin')
  run('python3', ['-m', 'venv', join(folder, 'venv')])
  const env = { ...process.env, PATH: python + delimiter + process.env.PATH, PYTHONDONTWRITEBYTECODE: '1' }
  // The README installs the package by its name, which has to mean what was built here. A constraint to a file would not
  // let pip add the extra.
  run('pip', ['install', '--quiet', built.wheel], { cwd: folder, env })
  env.PIP_CONSTRAINT = join(folder, 'constraints.txt')
  writeFileSync(env.PIP_CONSTRAINT, `signalbox-client==${version}`)
  followReadme('python', folder, env, join('clients', 'python'))
  // Typed, with its version, and with more patience than the longest wait.
  run('python', ['-c', `import signalbox_client as s, signalbox_client.operations as o, importlib.resources as r; assert s.__version__ == '${version}' and (r.files(s) / "py.typed").is_file() and o.Client("").get_httpx_client().timeout.read > 60`], { cwd: folder, env })
  run(join(built.bin, 'mypy'), ['--strict', '--python-executable', join(python, 'python'), '-p', 'signalbox_client'], { cwd: built.source, env: { ...env, MYPYPATH: 'src' } })
  run(join(built.bin, 'mypy'), ['--strict', '--python-executable', join(python, 'python'), ...['example', 'receive', 'send', 'watch', 'host', 'guest'].map(name => `${name}.py`)], { cwd: folder, env })
  const program = (...args) => ({ command: 'python', args, options: { cwd: folder, env } })
  const here = join(import.meta.dirname, 'python')
  return {
    runner: program(join(here, 'runner.py')),
    example: program('example.py'),
    stream: program('watch.py'),
    box: {
      runners: { async: program(join(here, 'box', 'runner.py')), sync: program(join(here, 'box', 'runner.py'), '--sync') },
      tests: program('-W', 'error', '-m', 'unittest', 'discover', '-s', join(here, 'box')),
      receive: program('receive.py'),
      send: program('send.py')
    },
    call: {
      runner: program(join(here, 'call', 'runner.py')),
      tests: program('-W', 'error', '-m', 'unittest', 'discover', '-s', join(here, 'call')),
      host: program('host.py'),
      guest: program('guest.py')
    }
  }
}

/** Builds the Python package as for its registry: first the source distribution, and from that the wheel. */
function buildPython (folder) {
  const bin = pythonEnvironment('python-packaging', join(import.meta.dirname, 'python', 'requirements.txt'))
  const dist = join(folder, 'dist')
  run(join(bin, 'python'), ['-m', 'build', '--no-isolation', '--outdir', dist, join(root, 'clients', 'python')])
  const name = `signalbox_client-${version}`
  assert.deepEqual(readdirSync(dist).sort(), [`${name}-py3-none-any.whl`, `${name}.tar.gz`])
  run('tar', ['xzf', join(dist, `${name}.tar.gz`), '-C', folder])
  const wheel = join(dist, `${name}-py3-none-any.whl`)
  const files = run(join(bin, 'python'), ['-m', 'zipfile', '--list', wheel]).split('\n').slice(1).map(line => line.split(' ')[0])
  for (const file of ['signalbox_client/_box.py', 'signalbox_client/operations/api/box/create_box.py', `${name}.dist-info/licenses/LICENSE`]) assert.ok(files.includes(file), file)
  assert.deepEqual(files.filter(file => !/^signalbox_client(\/.+\.py|\/py\.typed$|-[\d.]+\.dist-info\/)|^$/.test(file)), [], 'nothing else is published')
  return { bin, wheel, source: join(folder, name) }
}

async function prepareGo (folder) {
  mkdirSync(join(folder, 'runner'))
  copyFileSync(join(import.meta.dirname, 'go', 'main.go'), join(folder, 'runner', 'main.go'))
  followReadme('go', folder, process.env)
  run('go', ['vet', './...'], { cwd: folder })
  run('go', ['build', '-o', join(folder, 'bin') + '/', './...'], { cwd: folder })
  const program = name => ({ command: join(folder, 'bin', name), args: [], options: { cwd: folder } })
  return { runner: program('runner'), example: program('example'), stream: program('stream'), box: prepareGoBox(join(folder, 'box')), call: prepareGoCall(join(folder, 'call')) }
}

/** A module of its own, because each of the two READMEs begins with an empty folder. */
function prepareGoBox (folder) {
  mkdirSync(folder)
  followReadme('go', folder, process.env, join('clients', 'go'))
  const source = join(folder, 'clients', 'go')
  const runner = join(import.meta.dirname, 'go', 'box', 'runner_test.go')
  assert.equal(run('gofmt', ['-l', source, dirname(dirname(runner))]), '', 'gofmt would change nothing')
  run('go', ['vet', './...'], { cwd: folder })
  run('go', ['vet', './...'], { cwd: source })
  run('go', ['build', '-o', join(folder, 'bin') + '/', './...'], { cwd: folder })
  copyFileSync(runner, join(source, 'runner_test.go'))
  run('go', ['vet', './...'], { cwd: source })
  run('go', ['test', '-c', '-o', join(folder, 'bin', 'runner'), '.'], { cwd: source })
  const program = (name, ...args) => ({ command: join(folder, 'bin', name), args, options: { cwd: folder } })
  return {
    runners: { go: program('runner', '-test.run=^TestRunner$') },
    // In the repository, where the test vectors are.
    tests: { command: 'go', args: ['test', '-count=1', '-v', './...'], options: { cwd: join(root, 'clients', 'go') } },
    receive: { ...program('receive'), file: join('receive', 'main.go') },
    send: { ...program('send'), file: join('send', 'main.go') }
  }
}

/** The module for calls, which has a README and dependencies of its own. */
function prepareGoCall (folder) {
  mkdirSync(folder)
  cpSync(join(root, 'clients', 'go'), join(folder, 'clients', 'go'), { recursive: true })
  cpSync(join(root, 'examples', 'go-file'), join(folder, 'examples', 'go-file'), { recursive: true })
  const vectors = join('test', 'webrtc', 'call-vectors.json')
  cpSync(join(root, vectors), join(folder, vectors))
  followReadme('go', folder, process.env, join('clients', 'go', 'webrtc'))
  const source = join(folder, 'clients', 'go', 'webrtc')
  const runner = join(import.meta.dirname, 'go', 'call')
  const example = join(folder, 'examples', 'go-file')
  assert.equal(run('gofmt', ['-l', source, runner, example]), '', 'gofmt would change nothing')
  run('go', ['vet', './...'], { cwd: folder })
  run('go', ['build', '-o', join(folder, 'bin') + '/', './...'], { cwd: folder })
  run('go', ['vet', './...'], { cwd: example })
  run('go', ['build', '-o', join(folder, 'bin') + '/', './...'], { cwd: example })
  cpSync(runner, source, { recursive: true, force: false, errorOnExist: true })
  run('go', ['vet', './...'], { cwd: source })
  run('go', ['test', '-c', '-o', join(folder, 'bin', 'tests'), '.'], { cwd: source })
  const program = (name, ...args) => ({ command: join(folder, 'bin', name), args, options: { cwd: folder } })
  return {
    runner: program('tests', '-test.run=^TestRunner$'),
    // They wait for each other more than they work.
    tests: program('tests', '-test.v', '-test.parallel=8', '-test.skip=^TestRunner$'),
    host: { ...program('host'), file: join('host', 'main.go') },
    guest: { ...program('guest'), file: join('guest', 'main.go') },
    file: program('go-file')
  }
}

async function prepareRust (folder) {
  const env = { ...process.env, CARGO_TARGET_DIR: join(tools, 'rust-clients') }
  const source = join('clients', 'rust')
  packageRust(folder, source, env)
  run('cargo', ['init', '--quiet', '--vcs', 'none', '--name', 'programs'], { cwd: folder })
  // The same versions everywhere, so that each is built once.
  const watch = join(folder, 'examples', 'rust-watch')
  cpSync(join(root, 'examples', 'rust-watch'), watch, { recursive: true })
  for (const where of [folder, watch]) copyFileSync(join(folder, source, 'Cargo.lock'), join(where, 'Cargo.lock'))
  mkdirSync(join(folder, 'src', 'bin'))
  copyFileSync(join(import.meta.dirname, 'rust', 'runner.rs'), join(folder, 'src', 'bin', 'runner.rs'))
  // The README adds the package by its name, which has to mean what was packaged here.
  followSteps(readFileSync(join(folder, source, 'README.md'), 'utf8').replace('cargo add signalbox-client\n', `cargo add --path ./${source}\n`), folder, env)
  run('cargo', ['add', '--quiet', 'serde'], { cwd: folder, env })
  run('cargo', ['build', '--quiet'], { cwd: folder, env })
  run('cargo', ['build', '--quiet'], { cwd: watch, env })
  const program = (name, file) => ({ command: join(env.CARGO_TARGET_DIR, 'debug', name), args: [], options: { cwd: folder }, file })
  return {
    runner: program('runner'),
    example: program('example'),
    stream: program('watch'),
    box: {
      ...prepareRustBox(join(folder, source), env),
      receive: program('receive', join('src', 'bin', 'receive.rs')),
      send: program('send', join('src', 'bin', 'send.rs'))
    }
  }
}

/** Puts what the registry would get in the client's place. */
function packageRust (folder, source, env) {
  const runners = ['runner.rs', join('box', 'runner.rs')].map(name => join(import.meta.dirname, 'rust', name))
  const example = join(root, 'examples', 'rust-watch', 'src', 'main.rs')
  run('rustfmt', ['--check', '--edition', '2024', '--config-path', join(root, source), join(root, source, 'src', 'lib.rs'), example, ...runners])
  const packed = join(folder, 'packed')
  run('cargo', ['package', '--quiet', '--locked', '--allow-dirty', '--no-verify', '--target-dir', packed], { cwd: join(root, source), env })
  const name = `signalbox-client-${version}`
  run('tar', ['xzf', join(packed, 'package', `${name}.crate`), '-C', folder])
  mkdirSync(dirname(join(folder, source)))
  renameSync(join(folder, name), join(folder, source))
  const files = readdirSync(join(folder, source), { recursive: true, withFileTypes: true }).filter(entry => entry.isFile()).map(entry => join(relative(join(folder, source), entry.parentPath), entry.name))
  for (const file of ['LICENSE', 'README.md', 'src/message_box.rs', 'src/operations.rs']) assert.ok(files.includes(file), file)
  assert.deepEqual(files.filter(file => !/^(?:\.cargo_vcs_info\.json|Cargo\.(?:lock|toml|toml\.orig)|LICENSE|README\.md|src\/\w+\.rs)$/.test(file)), [], 'nothing else is published')
}

/** The runner is a test of the package, because only that can shorten the waits. */
function prepareRustBox (source, env) {
  const cargo = (args, more) => run('cargo', args, { cwd: source, env: { ...env, ...more } })
  cargo(['doc', '--quiet', '--no-deps'], { RUSTDOCFLAGS: '-D warnings' })
  cargo(['test', '--quiet', '--doc'])
  // They are not published.
  cpSync(join(root, 'clients', 'rust', 'src', 'tests'), join(source, 'src', 'tests'), { recursive: true })
  copyFileSync(join(import.meta.dirname, 'rust', 'box', 'runner.rs'), join(source, 'src', 'runner.rs'))
  appendFileSync(join(source, 'src', 'lib.rs'), '\n#[cfg(test)]\nmod runner;\n')
  cargo(['clippy', '--quiet', '--all-targets', '--', '-D', 'warnings'])
  cargo(['clippy', '--quiet', '--no-default-features', '--', '-D', 'warnings'])
  const { executable } = cargo(['test', '--quiet', '--lib', '--no-run', '--message-format', 'json']).split('\n').filter(line => line.startsWith('{'))
    .map(line => JSON.parse(line)).find(({ target, profile }) => target?.name === 'signalbox_client' && profile.test)
  const test = (...args) => ({ command: executable, args, options: { cwd: source } })
  return {
    runners: { rust: test('--exact', 'runner::run', '--nocapture') },
    tests: test('--skip', 'runner::')
  }
}
