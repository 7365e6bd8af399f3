import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A server of bench/server.js, with its URL and a way to end it. */
export async function startServer (kind, where = '', ...more) {
  return await startProcess('./server.js', [kind, where, ...more])
}

/** The same of another program here that speaks to this process in the same way. */
export async function startProcess (program, args) {
  const child = fork(new URL(program, import.meta.url), args, { execArgv: ['--expose-gc'] })
  const [{ port }] = await once(child, 'message')
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid,
    /** bytes in use after a garbage collection */
    async memory () {
      child.send('memory')
      const [{ memory }] = await once(child, 'message')
      return memory
    },
    async stop () {
      const exited = once(child, 'exit')
      child.disconnect()
      await exited
    }
  }
}

/** The standalone server, which keeps its boxes in this directory unless another store is named. `ready` is when it first answered. */
export async function startProgram (dir, options = [], store = `lmdb:${dir}`) {
  const port = await freePort()
  const child = spawn(process.execPath, ['dist/server/cli.js', '--port', String(port), '--host', '127.0.0.1', '--store', store, '--log-level', 'silent', ...options], { stdio: 'ignore' })
  const url = `http://127.0.0.1:${port}`
  const stop = async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  for (;;) {
    try {
      const { ok } = await fetch(`${url}/health/ready`)
      if (ok) return { url, pid: child.pid, ready: performance.now(), stop }
    } catch {
      await sleep(5)
    }
  }
}

export async function withTempDir (work) {
  const dir = await mkdtemp(join(tmpdir(), 'signalbox-bench-'))
  try {
    return await work(dir)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

export async function createBoxes (url, count) {
  const boxes = []
  for (let i = 0; i < count; i++) {
    const answer = await fetch(`${url}/boxes`, { method: 'POST' })
    boxes.push((await answer.json()).data)
  }
  return boxes
}

/** A message of 700 bytes, the size of a small SDP description with its JSON around it. */
export const message = JSON.stringify({ type: 'offer', sdp: 'v=0 '.repeat(170).slice(0, 700 - 25) })

export const median = values => percentile(values, 0.5)

export function percentile (values, p) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))]
}

export const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))

/**
 * One line of the table, which says whether the target was met.
 * @param target such as `<= 5 ms`, or the figure itself
 * @param value the number that it is compared with; by default, the first one of the figure
 */
export function report (what, figure, target = '', value = Number.parseFloat(figure)) {
  const outcome = target === '' ? '' : isMet(figure, target, value) ? `${target}: met` : `${target}: MISSED`
  console.log(`| ${what.padEnd(62)} | ${figure.padEnd(26)} | ${outcome.padEnd(20)} |`)
}

function isMet (figure, target, value) {
  const [, comparison, limit] = /^(<=|>=) ([\d.]+)/.exec(target) ?? []
  if (comparison === undefined) return figure === target
  return comparison === '<=' ? value <= Number(limit) : value >= Number(limit)
}

export async function freePort () {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  return port
}
