import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { errorTable, StoreError } from '../src/errors.js'
import { memoryStore } from '../src/store/memory.js'
import { root } from './helpers/consumer.js'
import { serve } from './server/serve.js'

const page = await readFile(join(root, 'docs/when-it-goes-wrong.md'), 'utf8')

/** The signs of a kind, in the rows of the page's tables. */
function signsOf (kind: string): string[] {
  return [...page.matchAll(new RegExp(`^\\| ${kind} \\| (.+) \\|$`, 'gm'))].map(([, sign = '']) => sign).filter(sign => sign.includes('`'))
}

const code = (sign: string): string => /`(.+)`/.exec(sign)?.[1] ?? ''

t.test('every log line that the page names is one of the server', async t => {
  const files = (await readdir(join(root, 'src'), { recursive: true })).filter(name => /^(?:http|server|store)\/.*\.ts$/.test(name))
  const source = (await Promise.all(files.map(name => readFile(join(root, 'src', name), 'utf8')))).join('')
  const others = [...page.matchAll(/^\| `(.+?)` \|/gm)].map(([, line = '']) => line)
  const lines = [...signsOf('log').map(code), ...others, 'Redis is available again']
  t.ok(lines.length > 12)
  for (const line of lines) {
    // The signal is not known to the source.
    for (const part of line.replace('SIGTERM', '…').split('…')) t.ok(source.includes(part), line)
  }
})

t.test('every response that the page names is in the table of errors', async t => {
  const signs = signsOf('response')
  t.ok(signs.length > 7)
  for (const sign of signs) t.ok(errorTable.some(({ status, code }) => sign === `${status} \`${code}\``), sign)
})

t.test('a store that fails, is full or is lost shows the signs', async t => {
  const store = memoryStore()
  const { append } = store
  const { app, logs } = await serve(t, ['--max-store-bytes=2000', '--rate-limit-creates=4'], { store })
  const url = `/boxes/${(await app.inject({ method: 'POST', url: '/boxes' })).json().data}/messages`
  const post = async (payload = {}) => (await app.inject({ method: 'POST', url, payload })).json().code
  t.equal(await post({ text: 'x'.repeat(2000) }), 'BOX_ERR_STORE_FULL')
  store.append = store.check = async () => { throw new StoreError() }
  t.equal(await post(), 'BOX_ERR_STORE')
  t.equal((await app.inject('/health/ready')).statusCode, 503)
  store.append = append.bind(store)
  t.equal((await app.inject('/boxes/box_Zm9yIGV4YW1wbGUgb25seSEgMDEyMzQ1/messages')).json().code, 'BOX_ERR_NOT_FOUND')
  for (let i = 0; i < 4; i++) await app.inject({ method: 'POST', url: '/boxes' })

  const messages = logs().trim().split('\n').map(line => JSON.parse(line).msg)
  for (const line of ['The store is full', 'The store is not responding', 'Not ready: the store check failed']) {
    t.ok(signsOf('log').map(code).includes(line), line)
    t.equal(messages.filter(message => message === line).length, 1, line)
  }
  const served = (await app.inject('/metrics')).body.split('\n')
  const metrics = [...signsOf('metric').map(code), 'process_cpu_seconds_total']
  t.ok(metrics.length > 8)
  for (const metric of metrics) {
    const [name = '', label = ''] = metric.replace('}', '').split('{')
    t.ok(served.some(line => /^\w+/.exec(line)?.[0] === name && line.includes(label)), metric)
  }
})
