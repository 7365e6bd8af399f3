// Redis servers to measure: each started in a fresh directory on a free port, and stopped after.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { sleep, withTempDir } from './lib.js'

export const isInstalled = spawnSync('redis-server', ['--version']).error === undefined

/** Runs `work` with the URL of a server that writes an append-only file with this `appendfsync`. */
export async function withRedis (appendfsync, work) {
  await withServers(1, ['--appendonly', 'yes', '--appendfsync', appendfsync], async ([port]) => {
    await work(`redis://127.0.0.1:${port}`)
  })
}

/** Runs `work` with the URLs of the masters of a Cluster, each of which has a replica. */
export async function withCluster (masters, work) {
  await withServers(2 * masters, ['--appendonly', 'yes', '--appendfsync', 'everysec', '--cluster-enabled', 'yes'], async ports => {
    const urls = ports.map(port => `127.0.0.1:${port}`)
    execFileSync('redis-cli', ['--cluster', 'create', ...urls, '--cluster-replicas', '1', '--cluster-yes'], { stdio: 'ignore' })
    await sleep(3_000)
    await work(urls.slice(0, masters).map(url => `redis://${url}`))
  })
}

async function withServers (count, options, work) {
  await withTempDir(async dir => {
    const ports = await freePorts(count)
    const servers = ports.map(port => spawn('redis-server', ['--port', port, '--bind', '127.0.0.1', '--dir', dir, '--save', '',
      '--appenddirname', `aof-${port}`, '--dbfilename', `${port}.rdb`, '--cluster-config-file', `${port}.conf`,
      '--auto-aof-rewrite-percentage', '0', ...options], { stdio: 'ignore' }))
    const exits = servers.map(server => once(server, 'exit'))
    try {
      await sleep(500)
      await work(ports)
    } finally {
      for (const server of servers) server.kill()
      await Promise.all(exits)
    }
  })
}

/** A cluster node also listens 10,000 above its port, so ports stay below 55,536. */
async function freePorts (count) {
  const probes = []
  while (probes.length < count) {
    const probe = createServer().listen(20_000 + Math.floor(Math.random() * 12_000), '127.0.0.1')
    await once(probe, 'listening').then(() => probes.push(probe), () => {})
  }
  const ports = probes.map(probe => probe.address().port)
  for (const probe of probes) probe.close()
  return ports
}
