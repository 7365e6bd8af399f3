import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { freePort, until } from './redis-server.js'

interface TurnServer {
  /** for the option `ice.turnUrls` */
  url: string
  /** for `ice.turnSecret` */
  secret: string
}

/** A real coturn on loopback that takes the credentials that the server makes, gone with the test. */
export async function turnServer (t: Test): Promise<TurnServer> {
  const directory = await mkdtemp(join(tmpdir(), 'signalbox-coturn-'))
  t.teardown(async () => { await rm(directory, { recursive: true, force: true }) })
  const port = await freePort()
  const secret = randomBytes(16).toString('hex')
  const child = spawn('turnserver', [
    '-n', '--no-cli', '--no-tls', '--no-dtls',
    '--listening-ip=127.0.0.1', `--listening-port=${port}`,
    // Both ends are relayed addresses on loopback, which coturn relays nothing to unless told (403).
    '--relay-ip=127.0.0.1', '--allow-loopback-peers', '--relay-threads=1',
    // Above what Linux gives to sockets without a port of their own.
    '--min-port=61000', '--max-port=61099',
    '--use-auth-secret', `--static-auth-secret=${secret}`, '--realm=localhost',
    `--userdb=${directory}/users`, `--pidfile=${directory}/pid`, `--log-file=${directory}/log`, '--simple-log'
  ], { stdio: 'ignore' })
  await once(child, 'spawn')
  const exited = once(child, 'exit')
  t.teardown(async () => {
    // It needs some seconds for an orderly end, and there is nothing that it has to keep.
    child.kill('SIGKILL')
    await exited
  })
  await until(async () => child.exitCode !== null || await answers(port))
  if (child.exitCode !== null) throw new Error(`turnserver did not start: exit code ${child.exitCode}`)
  return { url: `turn:127.0.0.1:${port}?transport=udp`, secret }
}

/** Whether a STUN Binding request (RFC 8489) gets an answer. */
async function answers (port: number): Promise<boolean> {
  const socket = createSocket('udp4')
  try {
    const answer = once(socket, 'message', { signal: AbortSignal.timeout(200) })
    socket.send(Buffer.concat([Buffer.from('000100002112a442', 'hex'), randomBytes(12)]), port, '127.0.0.1')
    await answer
    return true
  } finally {
    socket.close()
  }
}
