import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const FLAGS = {
  main: ['--rate-limit', 'off', '--ice-urls', 'stun:stun.example.org'],
  small: ['--rate-limit', 'off', '--max-messages', '8', '--max-message-bytes', '64'],
  full: ['--rate-limit', 'off', '--max-store-bytes', '1'],
  limited: ['--rate-limit-creates', '3'],
  away: ['--rate-limit', 'off']
}

/**
 * The servers that the scenarios of a store talk to.
 * @param dist where the server was built
 * @param work a folder for what they keep
 * @returns {Promise<{ urls: Record<string, string>, stop: () => Promise<void> }>}
 */
export async function startServers (store, dist, work) {
  const children = []
  const stop = async () => { await Promise.all(children.map(child => end(child))) }
  try {
    const redis = async () => {
      const { child, port } = await startRedis()
      children.push(child)
      return { child, port, url: `redis://127.0.0.1:${port}` }
    }
    const shared = store === 'redis' ? await redis() : undefined
    const urls = {}
    for (const [name, flags] of Object.entries(FLAGS)) {
      if (name === 'away' && store !== 'redis') continue
      // A full and a killed Redis are of no use to the others.
      const own = store === 'redis' && (name === 'full' || name === 'away') ? await redis() : shared
      const address = own?.url ?? (store === 'lmdb' ? `lmdb:${mkdtempSync(join(work, 'lmdb-'))}` : 'memory:')
      const { child, url } = await startServer(dist, ['--store', address, ...flags])
      children.unshift(child)
      urls[name] = url
      if (own !== undefined && name === 'full') spawnSync('redis-cli', ['-p', String(own.port), 'config', 'set', 'maxmemory', '1'])
      if (own !== undefined && name === 'away') await end(own.child, 'SIGKILL')
    }
    return { urls, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** @returns {Promise<{ child: import('node:child_process').ChildProcess, url: string }>} */
export async function startServer (dist, flags) {
  const port = await freePort()
  const args = [join(dist, 'server', 'cli.js'), '--host', '127.0.0.1', '--port', String(port), '--log-level', 'fatal', ...flags]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  const url = `http://127.0.0.1:${port}`
  await ready(child, async () => (await fetch(`${url}/health/ready`)).ok)
  return { child, url }
}

async function startRedis () {
  const port = await freePort()
  const child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', '/'], { stdio: 'ignore' })
  await ready(child, () => spawnSync('redis-cli', ['-p', String(port), 'ping']).stdout?.includes('PONG'))
  return { child, port }
}

async function ready (child, answers) {
  for (let tries = 0; tries < 300; tries++) {
    if (child.exitCode !== null) break
    if (await Promise.resolve().then(answers).catch(() => false)) return
    await sleep(50)
  }
  throw new Error(`${child.spawnargs.join(' ')} did not start: exit code ${child.exitCode}`)
}

export async function end (child, signal = 'SIGTERM') {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'exit')
}

async function freePort () {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
