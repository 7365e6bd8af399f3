import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text as collect } from 'node:stream/consumers'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { lmdbStore } from '../../src/store/lmdb/lmdb-store.js'
import { needs } from '../helpers/needs.js'
import { limits, newDrop, TTL } from '../../src/store/contract/boxes.js'
import { freshDirectory } from '../store/directory.js'
import { program } from '../helpers/program.js'

const APPENDS = 8

interface Seen {
  stored: number[]
  refused: Map<number, string>
  failures: string[]
  check: string
  read: string[] | string
  closed: boolean
  /** what another process finds afterwards */
  found: string[]
}

t.test('a failing disk', { skip: needs('strace') }, async t => {
  const script = await program(t, new URL('lmdb-failing-disk.ts', import.meta.url))

  // The writes of two commits and more, so that pages and the record that makes them count are among them.
  const writes = [1, 2, 3, 4, 5]
  const broken = [
    'fdatasync:error=EIO:when=3',
    `fdatasync:error=EIO:when=${APPENDS}`,
    ...writes.map(n => `pwrite64:error=EIO:when=${n}`),
    'writev:error=EIO:when=2',
    'pwrite64,writev,fdatasync:error=EIO:when=5+'
  ]
  for (const fault of broken) {
    await t.test(`a write that fails gets no 2xx, and stops the store (${fault})`, async t => {
      const seen = await run(t, script, fault)
      t.ok(seen.refused.size > 0, 'the fault came')
      t.strictSame([...new Set(seen.refused.values())], ['BOX_ERR_STORE'])
      t.strictSame(seen.found, quoted(seen.stored), 'what was stored is there, what failed is not')
      t.equal(seen.failures.length, 1, 'the failure is told once')
      t.equal(seen.check, 'BOX_ERR_STORE')
      t.equal(seen.read, 'BOX_ERR_STORE')
      t.ok(seen.closed)
    })
  }

  for (const fault of [...writes.map(n => `pwrite64:error=ENOSPC:when=${n}`), 'pwrite64:error=EDQUOT:when=1', 'writev:error=ENOSPC:when=2']) {
    await t.test(`a write without room is refused, and the store continues if LMDB does (${fault})`, async t => {
      const seen = await run(t, script, fault)
      t.strictSame(seen.found, quoted(seen.stored), 'what was stored is there, what failed is not')
      t.ok(seen.closed)
      if (seen.check === 'serving') {
        t.strictSame([...seen.refused.values()], ['BOX_ERR_STORE_FULL'])
        t.strictSame(seen.read, seen.found)
        t.strictSame(seen.failures, [])
      } else {
        // What makes the pages count had no room.
        t.strictSame([...new Set(seen.refused.values())], ['BOX_ERR_STORE'])
        t.match(seen.failures, [/^Error: LMDB has given up after: /])
      }
    })
  }

  await t.test('if a flush exceeds the deadline, the store stops', async t => {
    const seen = await run(t, script, 'fdatasync:delay_enter=1500000:when=4', 400)
    t.match(seen.failures, [/No response within 400 ms/])
    t.strictSame([...new Set(seen.refused.values())], ['BOX_ERR_STORE'])
    t.equal(seen.check, 'BOX_ERR_STORE')
    t.ok(seen.closed)
    const [cutOff = 0] = seen.refused.keys()
    const either = [quoted(seen.stored), quoted([...seen.stored, cutOff])].map(String)
    t.ok(either.includes(String(seen.found)), 'only what the deadline cut off may be there too')
  })
})

function quoted (numbers: number[]): string[] {
  return numbers.map(n => `"${n}"`)
}

/** Runs the writer with a fault in its data file. The faults count the calls of one thread, so its commits get only one. */
async function run (t: Test, script: string, fault: string, deadline = 5000): Promise<Seen> {
  const path = freshDirectory(t)
  const drop = newDrop()
  const first = await lmdbStore({ path })
  await first.create(drop, TTL * 1000, Date.now(), limits)
  await first.close()

  const file = join(path, 'data.mdb')
  const tracer = spawn('strace', ['-f', '-qq', '-o', '/dev/null', '-P', file, '-e', 'trace=pwrite64,writev,fdatasync', '-e', `inject=${fault}`,
    process.execPath, script, path, drop, String(APPENDS), String(deadline)],
  { env: { ...process.env, NODE_OPTIONS: '', UV_THREADPOOL_SIZE: '1' }, stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => { tracer.kill('SIGKILL') })
  const [output, errors, [code]] = await Promise.all([collect(tracer.stdout), collect(tracer.stderr), once(tracer, 'close')])
  t.equal(code, 0, errors)

  const lines = output.trim().split('\n').map(line => JSON.parse(line))
  t.strictSame(lines.filter(line => 'unheard' in line), [], 'no rejection goes unheard')
  const after = await lmdbStore({ path })
  const found = await after.read(drop, 0, 1000, Date.now())
  await after.close()
  return {
    stored: lines.filter(line => 'stored' in line).map(line => line.stored),
    refused: new Map(lines.filter(line => 'refused' in line).map(line => [line.refused, line.code])),
    failures: lines.filter(line => 'failure' in line).map(line => line.failure),
    check: lines.find(line => 'check' in line)?.check,
    read: lines.find(line => 'read' in line)?.read,
    closed: lines.some(line => 'closed' in line),
    found: found.texts
  }
}
