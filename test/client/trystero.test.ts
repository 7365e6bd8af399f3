import t from 'tap'
import { createSecret, joinRoom, selfId, type SignalboxRoomConfig } from '../../clients/typescript/src/trystero/index.js'
import { announce } from '../../clients/typescript/src/trystero/join-room.js'

const secret = createSecret()

t.test('what could be guessed, or leads nowhere, is refused at once', async t => {
  const relayConfig = { urls: ['http://127.0.0.1:1'] }
  const join = (config: object) => () => joinRoom(config as SignalboxRoomConfig, 'lobby')
  for (const config of [{ appId: 'chess' }, { appId: 'chess', password: 'pawn' }, { appId: crypto.randomUUID() }]) {
    t.throws(join({ ...config, relayConfig }), { name: 'TypeError', message: /createSecret/ })
  }
  for (const config of [{}, { relayConfig: {} }, { relayConfig: { urls: [] } }]) {
    t.throws(join({ appId: secret, ...config }), { name: 'TypeError', message: /relayConfig\.urls/ })
  }
  t.throws(join({ appId: secret, relayConfig: { urls: ['ws://127.0.0.1:1'] } }), { name: 'TypeError', message: /http/ })
  t.throws(() => joinRoom({ appId: secret, relayConfig }, ''), { message: 'Trystero: roomId argument required' })
})

t.test('nobody is announced in a room that is not open', async t => {
  const posts: string[][] = []
  const rooms = new Map([['open', { post: async (...post: string[]) => { posts.push(post) } }]])
  await announce(rooms, 'open', { passive: true })
  t.same(posts, [['open', JSON.stringify({ peerId: selfId, passive: true })]])
  await t.rejects(announce(rooms, 'left'), { message: 'the room is not open' })
})
