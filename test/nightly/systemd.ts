import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { root } from '../helpers/consumer.js'
import { needs } from '../helpers/needs.js'
import { patience } from '../helpers/patience.js'
import { freePort, until } from '../helpers/redis-server.js'
import { temporaryDirectory } from '../helpers/server-process.js'

const run = promisify(execFile)
const unit = join(root, 'deploy/signalbox.service')
const script = fileURLToPath(new URL('systemd.sh', import.meta.url))

t.test('under systemd, the server', { skip: needs('systemd-analyze') || bootable() }, async t => {
  const { url, systemctl, command } = await boot(t)
  const responds = async (): Promise<boolean> => await fetch(`${url}/health/ready`).then(({ ok }) => ok, () => false)
  const show = async (property: string): Promise<string> => await systemctl('show', 'signalbox', '--value', `--property=${property}`)
  await until(responds, patience)

  const { stdout, stderr } = await command('systemd-analyze', 'verify', '--man=no', '/run/units/signalbox.service')
  t.equal(stdout + stderr, '', 'systemd finds nothing wrong with the unit')

  const pid = await show('MainPID')
  const { stdout: status } = await command('cat', `/proc/${pid}/status`)
  t.notMatch(status, /^Uid:.*\t0\b/m, 'has a user of its own')
  t.match(status, /^CapBnd:\t0+$/m, 'can get no capability')
  t.match(status, /^NoNewPrivs:\t1$/m)
  t.match(status, /^Seccomp:\t2$/m, 'may not call everything in the kernel')
  t.match((await command('ls', '-ld', '/var/lib/private/signalbox')).stdout, /^drwx------ .* signalbox signalbox /, 'is alone with its boxes')

  const { data: box } = await (await fetch(`${url}/boxes`, { method: 'POST' })).json() as { data: string }
  const messages = `${url}/boxes/${box}/messages`
  await fetch(messages, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '"kept"' })
  await command('kill', '-KILL', pid)
  await until(async () => await show('NRestarts') === '1' && await responds(), patience)
  t.match(await (await fetch(messages)).json(), { data: ['kept'] }, 'is started again after a crash, with its boxes')

  let log: { msg: string }[] = []
  await until(async () => {
    const { stdout } = await command('journalctl', '--identifier=signalbox', '--output=cat', '--no-pager')
    log = stdout.trim().split('\n').map(line => JSON.parse(line))
    return log.filter(({ msg }) => / is ready on /.test(msg)).length === 2
  }, patience)
  t.ok(log.every(({ msg }) => typeof msg === 'string'), 'has its log in the journal, as JSON')

  const stream = await fetch(messages, { headers: { accept: 'text/event-stream' } })
  await Promise.all([systemctl('stop', 'signalbox'), stream.text()])
  t.equal(await show('ActiveState'), 'inactive')
  t.equal(await show('Result'), 'success', 'ends its streams and stops when told to')
})

/** For tap's `skip`: why no systemd can be booted here. */
function bootable (): string | false {
  try {
    execFileSync('unshare', ['--mount', '--pid', '--fork', 'mount', '-t', 'cgroup', '-o', 'none,name=systemd', 'cgroup', '/mnt'], { stdio: 'ignore' })
    return false
  } catch {
    return 'this user cannot mount control groups'
  }
}

/** A systemd that runs the unit as it is shipped, on a free port, gone with the test. See systemd.sh. */
async function boot (t: Test) {
  const directory = await temporaryDirectory(t)
  const port = await freePort()
  const environment = join(directory, 'signalbox.env')
  await writeFile(environment, `PORT=${port}\n`)
  const group = basename(directory)
  const child = spawn('unshare', [
    '--mount', '--pid', '--fork', '--kill-child', 'sh', script, unit, process.execPath, root, environment, group
  ], { stdio: ['ignore', 'ignore', 'pipe'] })
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => { errors += text })
  const closed = once(child, 'close')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await closed
    await run('unshare', ['--mount', 'sh', '-c', `
      mount -t cgroup -o none,name=systemd cgroup /mnt
      until find "/mnt/${group}" -depth -type d -exec rmdir {} + ; do sleep 0.1; done`])
  })
  closed.then(() => { t.comment(errors) }, () => {})

  const inside = async (): Promise<string> => (await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')).trim()
  const command = async (...words: string[]) => await run('nsenter', ['--target', await inside(), '--all', ...words])
  return {
    url: `http://127.0.0.1:${port}`,
    command,
    systemctl: async (...words: string[]): Promise<string> => (await command('systemctl', ...words)).stdout.trim()
  }
}
