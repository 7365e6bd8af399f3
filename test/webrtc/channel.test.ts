import t, { type Test } from 'tap'
import fc from 'fast-check'
import type { Channel } from '../../clients/typescript/src/webrtc/channel.js'
import { connect, type ConnectOptions } from '../../clients/typescript/src/webrtc/connect.js'
import { Box } from '../../clients/typescript/src/index.js'
import { CallError } from '../../clients/typescript/src/webrtc/errors.js'
import { listen, type Listener, type ListenOptions } from '../../clients/typescript/src/webrtc/listen.js'
import { next, serve } from './serve.js'

async function listenAt (t: Test, server: string, options: Partial<ListenOptions> = {}): Promise<Listener> {
  const listener = await listen({ server, ...options })
  t.teardown(() => listener.close())
  return listener
}

async function connectTo (t: Test, invite: string, options: ConnectOptions = {}): Promise<Channel> {
  const channel = await connect(invite, options)
  t.teardown(() => channel.close())
  return channel
}

async function take (channel: Channel, count: number): Promise<unknown[]> {
  const values: unknown[] = []
  if (count > 0) {
    for await (const value of channel) {
      if (values.push(value) === count) break
    }
  }
  return values
}

t.test('a guest and a host talk', async t => {
  const { url, seen } = await serve(t)
  const listener = await listenAt(t, url)
  const guest = await connectTo(t, listener.invite, { hello: { name: 'Ada' } })
  const host = await next(listener)
  t.strictSame(host.hello, { name: 'Ada' })
  t.equal(guest.session, undefined, 'until the host has spoken')
  await host.send({ offer: 'secret words' })
  t.strictSame(await next(guest), { offer: 'secret words' })
  await guest.send({ answer: [1, null, 'ü'] })
  t.strictSame(await next(host), { answer: [1, null, 'ü'] })
  t.equal(host.session?.id, guest.session?.id)
  t.notOk(JSON.stringify(seen).includes('secret words'), 'and the server saw nothing')
})

t.test('any values arrive once and in order, however they are sent', async t => {
  const { url } = await serve(t)
  const listener = await listenAt(t, url)
  const guest = await connectTo(t, listener.invite)
  const host = await next(listener)
  await host.send('welcome')
  await next(guest)
  const values = fc.array(fc.jsonValue().map(value => JSON.parse(JSON.stringify(value))), { maxLength: 20 })
  await fc.assert(fc.asyncProperty(values, values, fc.boolean(), async (down, up, waits) => {
    const send = async (channel: Channel, values: unknown[]) => {
      for (const value of values) {
        const sent = channel.send(value)
        if (waits) await sent
      }
    }
    send(host, down)
    send(guest, up)
    t.strictSame(await take(guest, down.length), down)
    t.strictSame(await take(host, up.length), up)
  }), { numRuns: 20 })
})

t.test('values sent at the same time share a message', async t => {
  const { url, seen } = await serve(t)
  const listener = await listenAt(t, url)
  const guest = await connectTo(t, listener.invite)
  const host = await next(listener)
  for (let n = 0; n < 30; n++) host.send({ candidate: n })
  t.equal((await take(guest, 30)).length, 30)
  t.equal(seen.length, 2, 'the hello, and one message')
})

t.test('a batch stays below the server\'s limit in any script', async t => {
  const { url, seen } = await serve(t)
  const listener = await listenAt(t, url)
  const guest = await connectTo(t, listener.invite)
  const host = await next(listener)
  for (const letter of ['x', '€', '😀']) {
    const values = Array.from({ length: 10 }, (_, n) => n + letter.repeat(10_000))
    const sent = Promise.all(values.map(value => host.send(value)))
    t.strictSame(await take(guest, 10), values)
    await sent
  }
  t.ok(seen.length > 6)
})

t.test('a value larger than a message is sent in pieces, in order with the values around it', async t => {
  const { url, seen } = await serve(t)
  const listener = await listenAt(t, url)
  const guest = await connectTo(t, listener.invite)
  const host = await next(listener)
  const values = ['before', { sdp: '\r\n"€😀'.repeat(9_000) }, 'x'.repeat(524_286), 'after']
  const sent = Promise.all(values.map(value => host.send(value)))
  t.strictSame(await take(guest, 4), values)
  await sent
  t.ok(seen.every(({ message }) => JSON.stringify(message).length < 65_536))
})

t.test('a value that is too large is refused with a named error, and the channel continues', async t => {
  const { url } = await serve(t)
  const listener = await listenAt(t, url)
  const guest = await connectTo(t, listener.invite)
  const host = await next(listener)
  await t.rejects(host.send('x'.repeat(524_287)), { code: 'CALL_ERR_TOO_LARGE' })
  await t.rejects(host.send('€'.repeat(174_763)), { code: 'CALL_ERR_TOO_LARGE' })
  await host.send('small')
  t.equal(await next(guest), 'small')
})

t.test('a value that the server refuses ends the channel on both sides with a named error', async t => {
  const { url } = await serve(t, { maxMessageBytes: 1024 })
  const listener = await listenAt(t, url)
  for (const first of [true, false]) {
    const guest = await connectTo(t, listener.invite)
    const host = await next(listener)
    if (!first) {
      await host.send('welcome')
      t.equal(await next(guest), 'welcome')
    }
    await t.rejects(host.send('x'.repeat(2_000)), { code: 'CALL_ERR_TOO_LARGE' })
    await t.rejects(next(guest), { code: 'CALL_ERR_TOO_LARGE' })
    await t.rejects(next(host), { code: 'CALL_ERR_TOO_LARGE' })
  }
})

t.test('pieces that never end, or do not form a batch, are refused', async t => {
  const { url } = await serve(t)
  const piece = (text: string) => Buffer.from(text).toString('base64url')
  const listener = await listenAt(t, url)
  for (const [code, ...messages] of [
    ['CALL_ERR_FORMAT', { piece: '', more: true }],
    ['CALL_ERR_FORMAT', { piece: '=', more: true }],
    ['CALL_ERR_FORMAT', { piece: piece('{}'), more: false }],
    ['CALL_ERR_FORMAT', { piece: piece('["x'), more: false }],
    ['CALL_ERR_FORMAT', { piece: piece('["x'), more: true }, ['in between']],
    ['CALL_ERR_TOO_LARGE', ...Array(18).fill({ piece: piece(' '.repeat(30_000)), more: true })]
  ] as const) {
    const guest = await connectTo(t, listener.invite)
    const host = await next(listener)
    const { guestDrop } = host.session!.parts
    const box = Box.open(`${url}/boxes/${guestDrop}`)
    for (const message of messages) await box.send(await host.session!.seal(message))
    await t.rejects(next(guest), { code })
    await host.close()
    box.close()
  }
})

t.test('what the guest sends waits for the host to speak', async t => {
  const { url } = await serve(t)
  const listener = await listenAt(t, url)
  const guest = await connectTo(t, listener.invite)
  const sent = guest.send('early')
  const host = await next(listener)
  await host.send('first')
  await sent
  t.equal(await next(host), 'early')
})

t.test('many guests have a conversation each', async t => {
  const { url } = await serve(t)
  const listener = await listenAt(t, url)
  const names = ['a', 'b', 'c', 'd', 'e']
  ;(async () => {
    for await (const host of listener) {
      host.send(`hello ${host.hello}`).then(async () => {
        for await (const value of host) await host.send(`${host.hello} said ${value}`)
      })
    }
  })()
  await Promise.all(names.map(async name => {
    const guest = await connectTo(t, listener.invite, { hello: name })
    await guest.send('one')
    await guest.send('two')
    t.strictSame(await take(guest, 3), [`hello ${name}`, `${name} said one`, `${name} said two`])
  }))
})

t.test('closing on either side ends the loop on both', async t => {
  const { url } = await serve(t)
  const listener = await listenAt(t, url)
  for (const closes of ['host', 'guest']) {
    const guest = await connectTo(t, listener.invite)
    const host = await next(listener)
    await host.send('welcome')
    await next(guest)
    const [here, there] = closes === 'host' ? [host, guest] : [guest, host]
    here.send('last words')
    await here.close()
    await here.close()
    t.strictSame(await take(there, 2), ['last words'])
    await t.rejects(here.send('more'), { code: 'CALL_ERR_CLOSED' })
    await t.rejects(there.send('more'), { code: 'CALL_ERR_CLOSED' })
  }
})

t.test('a guest that leaves before the host has spoken leaves nothing behind', async t => {
  const { url, requests } = await serve(t)
  const listener = await listenAt(t, url)
  const guest = await connectTo(t, listener.invite)
  await guest.close()
  const host = await next(listener)
  await t.rejects(host.send('anyone?'), { code: 'CALL_ERR_GONE' })
  t.equal(requests.filter(request => request.startsWith('DELETE')).length, 1)
})

t.test('an invite ends with its listener', async t => {
  const { url } = await serve(t)
  const listener = await listenAt(t, url)
  await listener.close()
  await t.rejects(connect(listener.invite), { code: 'CALL_ERR_GONE' })
  await t.rejects(next(listener), { message: 'It has ended' })
})

t.test('a host continues with the same invite after a reload', async t => {
  const { url } = await serve(t)
  const reload = new AbortController()
  const refused: string[] = []
  const before = await listenAt(t, url, { signal: reload.signal })
  const old = await connectTo(t, before.invite)
  const oldHost = await next(before)
  await oldHost.send('welcome')
  await next(old)
  const { invite, resume } = before
  reload.abort()
  await t.rejects(next(before), { name: 'AbortError' })

  const after = await listenAt(t, url, { resume: JSON.parse(JSON.stringify(resume)), refused: error => refused.push(error.code) })
  t.equal(after.invite, invite)
  await old.send('are you there?')
  const again = await connectTo(t, invite, { hello: 'again' })
  const host = await next(after)
  t.equal(host.hello, 'again')
  t.strictSame(refused, ['CALL_ERR_FOREIGN'], 'a session does not outlive the page')
  await host.send('welcome back')
  t.equal(await next(again), 'welcome back')
})

t.test('an abort ends everything in progress', async t => {
  const { url } = await serve(t)
  const listener = await listenAt(t, url)
  const leave = new AbortController()
  const guest = await connectTo(t, listener.invite, { signal: leave.signal })
  const waiting = next(guest)
  leave.abort()
  await t.rejects(waiting, { name: 'AbortError' })
  await t.rejects(connect(listener.invite, { signal: leave.signal }), { name: 'AbortError' })
})

t.test('a guest beyond the limit is told at once, and there is room again when one leaves', async t => {
  const { url } = await serve(t)
  const refused: CallError[] = []
  const listener = await listenAt(t, url, { maxGuests: 1, refused: error => refused.push(error) })
  const first = await connectTo(t, listener.invite)
  const host = await next(listener)
  await host.send('welcome')
  await next(first)
  for (let tries = 0; tries < 3; tries++) {
    await t.rejects(next(await connectTo(t, listener.invite)), { code: 'CALL_ERR_FULL' })
  }
  t.match(refused, Array(3).fill({ code: 'CALL_ERR_FULL' }))
  await first.close()
  await take(host, 1)
  await connectTo(t, listener.invite, { hello: 'third' })
  t.equal((await next(listener)).hello, 'third')
})

t.test('a channel can be closed with a reason, which the other side learns if it concerns both', async t => {
  const { url } = await serve(t)
  const listener = await listenAt(t, url)
  for (const [code, told] of [['CALL_ERR_ATTEMPTS', 'CALL_ERR_ATTEMPTS'], ['CALL_ERR_LOST', 'CALL_ERR_LOST'], ['CALL_ERR_FORMAT', 'CALL_ERR_CLOSED']] as const) {
    const guest = await connectTo(t, listener.invite)
    const host = await next(listener)
    host.close(new CallError(code))
    await t.rejects(next(host), { code })
    await t.rejects(next(guest), { code: told })
  }
})

t.test('an unknown reason only ends the channel', async t => {
  const { url } = await serve(t)
  const listener = await listenAt(t, url)
  for (const ended of ['CALL_ERR_FORMAT', 'toString', 'script']) {
    const guest = await connectTo(t, listener.invite)
    const host = await next(listener)
    const box = Box.open(`${url}/boxes/${host.session!.parts.guestDrop}`)
    await box.send(await host.session!.seal({ ended }))
    await t.rejects(next(guest), { code: 'CALL_ERR_CLOSED' })
    box.close()
  }
})

t.test('a callback that throws does not end the listener', async t => {
  const { url } = await serve(t)
  const printed = t.capture(console, 'error')
  const listener = await listenAt(t, url, { maxGuests: 0, refused: () => { throw new Error('not my day') } })
  for (let tries = 0; tries < 2; tries++) {
    await t.rejects(next(await connectTo(t, listener.invite)), { code: 'CALL_ERR_FULL' })
  }
  t.match(printed(), Array(2).fill({ args: [{ message: 'not my day' }] }))
})
