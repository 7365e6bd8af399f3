import { execFile } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { consumer, root } from '../helpers/consumer.js'

const run = promisify(execFile)

/** What a program prints that somebody writes in this folder. */
async function program (folder: string, code: string): Promise<string> {
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], { cwd: folder })
  return stdout.trim()
}

t.test('the published packages contain no dead links', async t => {
  const folder = await consumer(t)
  const files = await readdir(join(folder, 'node_modules/fastify-signalbox'), { recursive: true })
  t.ok(files.includes('dist/index.js'))
  t.same(files.filter(name => name.endsWith('.map')), [], 'a source map has no source to lead to')
})

t.test('Swagger UI is loaded only if it is served', async t => {
  const folder = await consumer(t)
  const loaded = await program(folder, `
    import { createRequire } from 'node:module'
    import Fastify from 'fastify'
    import { boxPlugin } from 'fastify-signalbox'
    const { cache } = createRequire(import.meta.url)
    const isLoaded = () => Object.keys(cache).some(path => path.includes('/swagger-ui/'))
    for (const docs of [false, '/docs']) {
      const app = Fastify()
      await app.register(boxPlugin, { docs })
      await app.ready()
      console.log(docs, isLoaded())
      await app.close()
    }`)
  t.equal(loaded, 'false false\n/docs true')
})

t.test('without Swagger UI, the plugin works, and says what is missing if it is requested', async t => {
  const folder = await consumer(t, { without: ['@fastify/swagger-ui'] })
  const said = await program(folder, `
    import Fastify from 'fastify'
    import { boxPlugin } from 'fastify-signalbox'
    const app = Fastify()
    await app.register(boxPlugin, { docs: false })
    console.log((await app.inject('/openapi.json')).statusCode)
    await app.close()
    const other = Fastify()
    await other.register(boxPlugin, { docs: '/docs' }).then(() => other.ready()).catch(error => { console.log(error.message) })`)
  t.equal(said, '200\nboxPlugin: Swagger UI needs the package @fastify/swagger-ui 5: npm install @fastify/swagger-ui, or set docs to false')
})

t.test('the program of docs/writing-a-store.md tests a store of one\'s own', async t => {
  const folder = await consumer(t)
  const [, code = ''] = /```js\n(.*?)```/s.exec(await readFile(join(root, 'docs/writing-a-store.md'), 'utf8')) ?? []
  const name = 'my-store.test.js'
  await writeFile(join(folder, name), code)
  const myStore = (change: string) => writeFile(join(folder, 'my-store.js'), `
    import { memoryStore } from 'fastify-signalbox'
    export const myStore = () => { const store = memoryStore(); ${change}; return store }`)
  const test = () => run(process.execPath, ['--test', '--test-reporter=tap', name], { cwd: folder })
  await myStore('')
  const { stdout } = await test()
  t.match(stdout, /^# fail 0$/m)
  t.ok(Number(/^# pass (\d+)$/m.exec(stdout)?.[1]) > 20)
  await myStore('store.acknowledge = async () => 0')
  t.match(await test().catch((error: unknown) => error), { stdout: /^not ok /m }, 'it notices a store that forgets')
})

t.test('the client installs nothing but its one dependency', async t => {
  const folder = await consumer(t, { only: ['signalbox-client', 'openapi-fetch', 'openapi-typescript-helpers'] })
  const said = await program(folder, `
    import { Box, createBoxClient } from 'signalbox-client'
    import { host, join } from 'signalbox-client/webrtc'
    console.log([Box, createBoxClient, host, join].map(it => typeof it).join())`)
  t.equal(said, 'function,function,function,function')
})
