import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { root } from '../helpers/consumer.js'
import { needsMounts } from '../helpers/mounts.js'
import { needs } from '../helpers/needs.js'
import { patience } from '../helpers/patience.js'
import { freePort, until } from '../helpers/redis-server.js'
import { temporaryDirectory } from '../helpers/server-process.js'

const run = promisify(execFile)
const script = fileURLToPath(new URL('container-base.sh', import.meta.url))

t.test('the image', { skip: needs('buildah') || needs('podman') || needsMounts() }, async t => {
  const { podman, size } = await build(t)
  t.comment(`${Math.round(size / 1e6)} MB`)
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const responds = async (): Promise<boolean> => await fetch(`${url}/health/ready`).then(({ ok }) => ok, () => false)
  const inside = async (program: string): Promise<string> => (await podman('exec', 'server', 'node', '--eval', program)).trim()
  const healthy = async (): Promise<boolean> => await podman('healthcheck', 'run', 'server').then(() => true, () => false)

  // As compose.yaml does. This machine may limit no control groups, and has its own network.
  await podman('run', '--detach', '--name=server', '--cgroups=disabled', '--network=host', '--ulimit=nofile=4096:4096', '--ulimit=nproc=1024:1024',
    '--read-only', '--read-only-tmpfs=false', '--cap-drop=all', '--security-opt=no-new-privileges',
    `--env=PORT=${port}`, '--volume=boxes:/data', 'signalbox')
  t.teardown(() => podman('rm', '--force', '--time=0', 'server'))
  await until(responds, patience)

  t.equal(await inside('console.log([process.getuid(), process.getgid()].join())'), '10001,10001', 'has a user of its own')
  t.match(await inside('process.stdout.write(fs.readFileSync("/proc/1/status", "utf8"))'), /^CapBnd:\t0+\nCapAmb:\t0+\nNoNewPrivs:\t1$/m)
  const writable = 'for (const path of ["/app", "/data", "/etc", "/tmp", "/"]) try { fs.writeFileSync(path + "/x", ""); console.log(path) } catch {}'
  t.equal(await inside(writable), '/data', 'can write to one directory')
  t.ok(await healthy(), 'is healthy')

  const { data: box } = await (await fetch(`${url}/boxes`, { method: 'POST' })).json() as { data: string }
  const messages = `${url}/boxes/${box}/messages`
  await fetch(messages, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '"kept"' })
  const pid = Number(await podman('inspect', '--format={{.State.Pid}}', 'server'))
  t.ok(pid > 1)
  process.kill(pid, 'SIGSTOP')
  t.notOk(await healthy(), 'is unhealthy when it hangs')
  process.kill(pid, 'SIGCONT')
  await until(responds, patience)

  const stream = await fetch(messages, { headers: { accept: 'text/event-stream' } })
  // It is killed after the grace period of compose.yaml, and then its exit code is 137.
  await Promise.all([podman('stop', '--time=20', 'server'), stream.text()])
  t.equal((await podman('inspect', '--format={{.State.ExitCode}}', 'server')).trim(), '0', 'ends its streams and stops when told to')

  await podman('start', 'server')
  await until(responds, patience)
  t.match(await (await fetch(messages)).json(), { data: ['kept'] }, 'keeps its boxes in the volume')
})

/** Builds the image as it is shipped, on bases made of this machine, in a storage that is gone with the test. */
async function build (t: Test) {
  const directory = await temporaryDirectory(t)
  const storage = ['--root', join(directory, 'store'), '--runroot', join(directory, 'run'), '--storage-driver', 'vfs']
  const buildah = async (...words: string[]): Promise<string> => (await run('buildah', [...storage, ...words], { cwd: root, maxBuffer: 64e6 })).stdout.trim()
  for (const [name, ...programs] of [['node', 'node', 'npm', 'sh', 'env', 'mkdir', 'cp', 'chown', 'rm'], ['runtime']] as const) {
    await run('sh', [script, join(directory, name), ...programs])
    const base = await buildah('from', 'scratch')
    await buildah('copy', '--quiet', base, join(directory, name), '/')
    // For npm, on a machine whose way to the registry has an authority of its own.
    if (name === 'node') await buildah('config', '--env', 'NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt', '--env', 'npm_config_cache=/npm', base)
    await buildah('commit', '--quiet', '--rm', base, `base/${name}`)
  }
  const cache = (await run('npm', ['config', 'get', 'cache'])).stdout.trim()
  await buildah('build', '--quiet', '--format=docker', '--isolation=chroot', '--network=host', '--volume', `${cache}:/npm`,
    '--file=deploy/Containerfile', '--ignorefile=deploy/Containerfile.dockerignore',
    '--build-arg=NODE=localhost/base/node', '--build-arg=RUNTIME=localhost/base/runtime', '--tag=signalbox', '.')

  const options = [...storage, '--cgroup-manager=cgroupfs', '--events-backend=file']
  // Podman takes a mixed hierarchy of control groups for one that it can use.
  const alone = 'umount --quiet /sys/fs/cgroup/unified; exec podman "$@"'
  const podman = async (...words: string[]): Promise<string> =>
    (await run('unshare', ['--mount', 'sh', '-c', alone, 'sh', ...options, ...words])).stdout
  return { podman, size: Number(await podman('image', 'inspect', '--format={{.Size}}', 'signalbox')) }
}
