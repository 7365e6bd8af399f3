import t from 'tap'
import { toBase64url } from '../../clients/typescript/src/bytes.js'
import { createInvite, parseInvite } from '../../clients/typescript/src/webrtc/invite.js'
import { createSecret } from '../../clients/typescript/src/webrtc/sealing.js'

const drop = `drop_${'H'.repeat(32)}`
const code = (code: string) => ({ name: 'CallError', code })

t.test('an invite carries everything a guest needs, only in the fragment', async t => {
  const secret = createSecret()
  const link = await createInvite('https://box.example/', 'https://box.example', secret, drop)
  const url = new URL(link)
  t.equal(url.href.replace(url.hash, ''), 'https://box.example/')
  t.notOk(link.includes('server='), 'the server is where the page is')
  t.ok(link.length < 160, 'short enough for a QR code')
  const { server, key } = await parseInvite(link)
  t.equal(server, 'https://box.example')
  t.equal(key.hostDrop, drop)
  t.ok(link.includes(toBase64url(secret)))
})

t.test('an invite to a page elsewhere names the server', async t => {
  for (const [page, server] of [
    ['https://page.example/talk.html', 'https://box.example/api'],
    ['https://page.example/api', 'https://page.example/api'],
    ['http://localhost:3000/call/?a=1', 'http://localhost:8080']
  ] as const) {
    const link = await createInvite(page, server, createSecret(), drop)
    t.equal((await parseInvite(link)).server, server)
  }
})

t.test('a link with a changed key is recognized before anything is sent', async t => {
  const link = await createInvite('https://box.example/', 'https://box.example', createSecret(), drop)
  const key = link.indexOf('&key=') + 5
  for (let at = key; at < key + 43; at++) {
    const changed = link.slice(0, at) + (link[at] === 'A' ? 'Q' : 'A') + link.slice(at + 1)
    await t.rejects(parseInvite(changed), code('CALL_ERR_KEY'))
  }
  for (let end = key; end < link.length; end++) {
    await t.rejects(parseInvite(link.slice(0, end)), code('CALL_ERR_KEY'), 'cut off')
  }
})

t.test('a link that is not an invite is refused as such', async t => {
  for (const link of ['', 'hello', 'https://box.example/', 'https://box.example/#x', `https://box.example/#v=1&drop=${drop.slice(0, -1)}`, `https://box.example/#drop=${drop}`, `https://box.example/#v=1&drop=${drop}&server=file:///etc`]) {
    await t.rejects(parseInvite(link), code('CALL_ERR_INVITE'))
  }
  await t.rejects(parseInvite(`https://box.example/#v=2&drop=${drop}`), code('CALL_ERR_INVITE_VERSION'))
  await t.rejects(parseInvite('https://box.example/#v=2&room=other'), code('CALL_ERR_INVITE_VERSION'), 'whatever its form')
})
