import t from 'tap'
import { checkInvite, listen } from '../../clients/typescript/src/webrtc/index.js'
import { serve } from './serve.js'

const code = (code: string) => ({ name: 'CallError', code })

t.test('an invite is checked without the host noticing', async t => {
  const { url, seen } = await serve(t)
  const listener = await listen({ server: url })
  await checkInvite(listener.invite)
  t.same(seen, [], 'nothing was stored')
  await t.rejects(checkInvite(listener.invite.replace('drop_', '')), code('CALL_ERR_INVITE'))
  await t.rejects(checkInvite(listener.invite, { server: 'https://other.example' }), code('CALL_ERR_INVITE'))
  await t.rejects(checkInvite(listener.invite.slice(0, -30)), code('CALL_ERR_KEY'))
  await listener.close()
  await t.rejects(checkInvite(listener.invite), code('CALL_ERR_GONE'))
})

t.test('an unreachable server is distinguished from a missing invite', async t => {
  const { url, close } = await serve(t)
  const listener = await listen({ server: url })
  const { invite } = listener
  await listener.close()
  await close()
  await t.rejects(checkInvite(invite), code('CALL_ERR_SERVER'))
})

t.test('something other than a box server that answers everything does not make an invite valid', async t => {
  const { url } = await serve(t)
  const listener = await listen({ server: url })
  t.teardown(() => listener.close())
  for (const body of ['{}', '"ok"', '{"iceServers":{}}']) {
    const fetch = async () => new Response(body, { headers: { 'Content-Type': 'application/json' } })
    await t.rejects(checkInvite(listener.invite, { fetch }), code('CALL_ERR_SERVER'))
  }
})
