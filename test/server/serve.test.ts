import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import type { ServerParts } from '../../src/server/app.js'
import { readConfig, type Config } from '../../src/server/config.js'
import { serve as run } from '../../src/server/serve.js'
import { serve } from './serve.js'

const configure = (...flags: string[]) => readConfig(['--host=127.0.0.1', '--log-level=silent', ...flags], {}) as Config

/** Whether another server can open the store. */
async function isFree (t: Test, store: string): Promise<void> {
  const { app } = await serve(t, [`--store=${store}`])
  t.equal((await app.inject('/health/ready')).statusCode, 200)
}

t.test('a server that cannot be built releases its store', async t => {
  const store = `lmdb:${t.testdir()}/boxes`
  await t.rejects(serve(t, [`--store=${store}`], { page: new URL('https://example.org') }))
  await isFree(t, store)
})

t.test('a server that cannot listen releases its store and its signal handlers', async t => {
  const store = `lmdb:${t.testdir()}/boxes`
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(() => { other.close() })
  const listeners = process.listenerCount('SIGTERM')
  await t.rejects(run(configure(`--store=${store}`, `--port=${(other.address() as AddressInfo).port}`)), { code: 'EADDRINUSE' })
  t.equal(process.listenerCount('SIGTERM'), listeners)
  await isFree(t, store)
})

t.test('a store that fails while the server starts ends it too', async t => {
  const failure = new Error('The disk failed')
  const calls: unknown[] = []
  const { serve: run } = await t.mockImport<typeof import('../../src/server/serve.js')>('../../src/server/serve.js', {
    '../../src/server/app.js': {
      buildServer: async (_config: Config, { onFailure }: ServerParts) => {
        onFailure?.(failure)
        return { app: { log: { fatal: () => {} }, close: async () => { calls.push('closed') } }, listen: async () => { calls.push('listens') } }
      }
    },
    'close-with-grace': {
      default: (_options: object, close: (reason: object) => Promise<void>) => ({
        close: () => { void close({ manual: true }).catch((error: unknown) => { calls.push(error) }) }, uninstall: () => {}
      })
    }
  })
  await run(configure('--store=memory:'))
  await new Promise(resolve => { setImmediate(resolve) })
  t.same(calls, ['closed', failure])
})
