import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { root } from '../helpers/consumer.js'

t.test('the packages for npm and for Python have one version', async t => {
  const read = (name: string) => readFile(join(root, name), 'utf8')
  const { version } = JSON.parse(await read('package.json'))
  t.equal(JSON.parse(await read('clients/typescript/package.json')).version, version)
  t.equal(/^version = "(.+)"$/m.exec(await read('clients/python/pyproject.toml'))?.[1], version)
})
