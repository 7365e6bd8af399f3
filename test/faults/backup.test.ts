import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { launch, runServer, ServerProcess, temporaryDirectory } from '../helpers/server-process.js'
import { until } from '../helpers/until.js'
import { backupRound } from './backup-rounds.js'

t.test('a backup under 16 writers has everything that was acknowledged before it', async t => {
  for (let round = 0; round < 2; round++) {
    const { acknowledged, lost } = await backupRound(t)
    t.ok(acknowledged > 0, `${acknowledged} messages`)
    t.equal(lost, 0)
  }
})

t.test('a backup that is killed leaves no backup, and the server as it was', async t => {
  const directory = await temporaryDirectory(t)
  const store = `--store=lmdb:${join(directory, 'store')}`
  const server = await ServerProcess.start(t, [store, '--host=127.0.0.1', '--rate-limit=off'])
  const { data: box } = await (await fetch(`${server.url}/boxes`, { method: 'POST' })).json()
  const post = async (): Promise<boolean> => (await fetch(`${server.url}/boxes/${box}/messages`, { method: 'POST', body: JSON.stringify('x'.repeat(50_000)), headers: { 'content-type': 'application/json' } })).ok
  for (let n = 0; n < 15; n++) t.ok(await post())
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    const target = await temporaryDirectory(t)
    const { child, exit } = await launch(t, ['backup', join(target, 'backup'), store], {})
    await until(() => readdirSync(target).length > 0)
    child.kill(signal)
    const { code } = await exit
    if (code === null) t.notOk(existsSync(join(target, 'backup')), signal)
    if (code === null && signal === 'SIGTERM') t.same(readdirSync(target), [], 'nothing at all')
    t.equal((await fetch(`${server.url}/health/ready`)).status, 200)
    t.ok(await post())
  }
  const file = join(directory, 'backup')
  t.match(await runServer(t, ['backup', file, store]), { code: 0, stdout: /backed up and verified, 1 box, 17 messages/ })
  t.match(await runServer(t, ['verify', file]), { code: 0, stdout: /intact/ })
  t.match(await runServer(t, ['verify', store]), { code: 0, stdout: /intact, 1 box, 17 messages/ })
  t.match(await runServer(t, ['restore', file, store, '--overwrite']), { code: 1, stderr: new RegExp(`^signalbox: nothing was restored: process ${server.pid} has '.*' open\\. Stop that process first\\n$`) })
  t.equal((await server.kill()).code, 0)
})
