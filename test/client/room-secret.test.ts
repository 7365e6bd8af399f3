import t from 'tap'
import { Room } from '../../clients/typescript/src/room/index.js'

const name = 'test'
const server = 'http://127.0.0.1:1'
const created = async () => new Response(JSON.stringify({ type: 'created', data: `box_${'b'.repeat(32)}`, drop: `drop_${'b'.repeat(32)}` }), { headers: { 'Content-Type': 'application/json' } })

t.test('a secret that can be guessed is refused, without a request and without being named', async t => {
  const refused = [
    '', 'secret', 'correct horse battery staple', crypto.randomUUID(), Room.createSecret().slice(1), `${Room.createSecret()}A`,
    Buffer.alloc(32, 1).toString('base64url'), Buffer.from('a passphrase of 32 characters ok').toString('hex'),
    'abcdefghijklmnopqrstuvwxyz0123456789-abcdeA', `${'A'.repeat(42)}A`, 'the-name-of-our-application-and-its-room-0A',
    Buffer.alloc(32).toString('base64url'), undefined, new Uint8Array(32)
  ]
  for (const guessed of refused) {
    const error = await Room.join(server, { secret: guessed as string, name, fetch: async () => { throw new Error('asked') } }).catch(error => error)
    t.ok(error instanceof TypeError && error.message.includes('createSecret'), String(error))
    if (String(guessed).length > 6) t.notOk(error.message.includes(String(guessed)))
  }
  await t.rejects(Room.join(server, { secret: Room.createSecret(), name: '' }), /'name'/)
  await t.rejects(Room.join('ftp://x', { secret: Room.createSecret(), name }), /http/)
})

t.test('random secrets are accepted, whoever made them', async t => {
  for (let n = 0; n < 500; n++) {
    const secret = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')
    await t.resolves(Room.join(server, { secret, name, fetch: created }))
  }
})

t.test('a secret that would be refused is not handed out', async t => {
  const random = crypto.getRandomValues.bind(crypto)
  let draws = 0
  t.intercept(crypto, 'getRandomValues', { value: (bytes: Uint8Array<ArrayBuffer>) => draws++ < 2 ? bytes.fill(draws) : random(bytes) })
  await t.resolves(Room.join(server, { secret: Room.createSecret(), name, fetch: created }))
  t.ok(draws > 2)
})
