import { setFlagsFromString } from 'node:v8'
import vm from 'node:vm'
import t from 'tap'
import { RoomKey } from '../../clients/typescript/src/room/sealing.js'
import { createSecret } from '../../clients/typescript/src/room/secret.js'

const MB = 2 ** 20

t.test('a nonce that is remembered does not keep its message in memory', async t => {
  setFlagsFromString('--expose-gc')
  const collect: () => void = vm.runInNewContext('gc')
  const used = () => {
    collect()
    return process.memoryUsage().heapUsed
  }
  const key = await RoomKey.derive(createSecret(), 'test')
  const text = JSON.stringify('x'.repeat(MB / 4))
  const nonces = new Set<string>()
  const take = async () => { nonces.add((await key.open(JSON.parse(await key.seal(text))))!.nonce) }
  await take()
  const before = used()
  for (let n = 0; n < 30; n++) await take()
  const grown = used() - before
  t.ok(grown < 2 * MB, `${grown} bytes more`)
  t.equal(nonces.size, 31)
  for (const nonce of nonces) t.match(nonce, /^[\w-]{16}$/)
})
