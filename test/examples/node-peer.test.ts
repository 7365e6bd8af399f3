import t, { type Test } from 'tap'
import { serve } from '../server/serve.js'
import { end, firstPeer, hear, hostAt, joinTo } from '../webrtc/node-peers.js'
import { stunServer } from '../webrtc/stun-server.js'
import type { Peer } from '../../clients/typescript/src/webrtc/peer.js'
import { start } from './example.js'

async function serveCalls (t: Test): Promise<string> {
  const { listen } = await serve(t, ['--log-level=silent', `--ice-urls=${await stunServer(t)}`])
  return `http://127.0.0.1:${await listen()}`
}

async function ask (peer: Peer, question: string): Promise<string> {
  const answer = hear(peer)
  peer.channel.send(question)
  return await answer
}

t.test('the Node peer hosts a call, replies, and tells its guest when it leaves', async t => {
  const server = await serveCalls(t)
  const program = start(t, 'node-peer/peer.js', [server, 'https://chat.example/'])
  const invite = await program.printed(/Invite: (\S+)/)
  t.ok(invite.startsWith('https://chat.example/#'))
  const peer = await firstPeer(await joinTo(t, invite))
  await program.printed(new RegExp(`code ${peer.code}`))
  t.equal(await ask(peer, 'ping'), 'pong')
  t.equal(await program.kill('SIGINT'), 0)
  t.equal(await peer.closed, undefined, 'no error: it said goodbye')
})

t.test('the Node peer joins a call and replies', async t => {
  const call = await hostAt(t, await serveCalls(t))
  const program = start(t, 'node-peer/peer.js', [call.invite])
  const peer = await firstPeer(call)
  t.match(await ask(peer, 'time'), /^\d{4}-\d\d-\d\dT/)
  t.equal(await program.kill('SIGINT'), 0)
})

t.test('the Node peer says in one line why it cannot join', async t => {
  const program = start(t, 'node-peer/peer.js', ['http://127.0.0.1:9/#nothing'])
  t.equal(await program.exited, 1)
  await program.printed(/^This link is not a valid invite.*\n$/)
})

end(t)
