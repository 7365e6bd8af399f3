// What is measured of the server while it is under load.
import { execFile } from 'node:child_process'
import { readFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const MIB = 2 ** 20

/**
 * What is watched: its unit, how much it may drift in an hour, and whether it outlives the server's process. Under a
 * bound, the figure is noise, or too little to matter in a month between two updates.
 */
export const SERIES = {
  memory: { title: 'Private memory', unit: 'MiB', bound: 16 },
  file: { title: 'File of the store', unit: 'MiB', bound: 4, persistent: true },
  descriptors: { title: 'Open descriptors', unit: '', bound: 10 },
  delay: { title: 'Event-loop delay, 99th percentile', unit: 'ms', bound: 5 },
  boxes: { title: 'Boxes in the store', unit: '', bound: 100, persistent: true },
  messages: { title: 'Messages in the store', unit: '', bound: 500, persistent: true }
}

/** @returns one figure of each series that is measured often; undefined if the server is away */
export async function sample ({ pid, url }, dir) {
  try {
    const [status, descriptors, file, metrics] = await Promise.all([
      readFile(`/proc/${pid}/status`, 'utf8'),
      readdir(`/proc/${pid}/fd`),
      sizeOf(dir),
      fetch(`${url}/metrics`).then(response => response.text())
    ])
    // Since the last sample; 10 ms of it are the interval of the timer that is measured.
    const delay = Number(/^nodejs_eventloop_lag_p99_seconds (\S+)/m.exec(metrics)[1]) * 1000
    return {
      memory: Number(/^RssAnon:\s+(\d+) kB/m.exec(status)[1]) / 1024,
      file,
      descriptors: descriptors.length,
      ...Number.isFinite(delay) && { delay }
    }
  } catch {
    return undefined
  }
}

async function sizeOf (dir) {
  const sizes = await Promise.all((await readdir(dir)).map(async name => (await stat(join(dir, name))).size))
  return sizes.reduce((sum, size) => sum + size) / MIB
}

/**
 * Verifies every record of the store, beside the server.
 * @returns how many boxes and messages it has
 * @throws Error if a record is damaged
 */
export async function verify (dir) {
  const { stdout } = await promisify(execFile)(process.execPath, ['dist/server/cli.js', 'verify', '--store', `lmdb:${dir}`], { timeout: 60_000, killSignal: 'SIGKILL' })
  const [, boxes, messages] = /intact, (\d+) box.*?, (\d+) messages? \(/.exec(stdout)
  return { boxes: Number(boxes), messages: Number(messages) }
}
