import t from 'tap'
import { connect } from '../../clients/typescript/src/webrtc/connect.js'
import { host } from '../../clients/typescript/src/webrtc/host.js'
import { fakeConnections } from './fake-connection.js'
import { FakeServer, quiet } from './fake-server.js'

/** What keeps a Node program from ending. */
const timers = () => process.getActiveResourcesInfo().filter(kind => kind === 'Timeout').length

const problem = (status: number, code: string) => new Response(JSON.stringify({ code }), { status, headers: { 'Content-Type': 'application/json' } })

for (const [what, guests, answer] of [
  ['is gone', 2, () => problem(404, 'BOX_ERR_NOT_FOUND')],
  ['is full', 1, () => problem(409, 'BOX_ERR_FULL')]
] as const) {
  t.test(`a program that leaves its call can end at once, even if the box of a guest ${what}`, async t => {
    const server = new FakeServer()
    const { url, fetch } = server
    const before = timers()
    const call = await host({
      server: url,
      ...fakeConnections(),
      iceServers: [],
      fetch: async input => {
        const request = input as Request
        return request.method === 'POST' && request.url.includes('drop_') ? answer() : await fetch(request)
      }
    })
    const channels = []
    for (let count = 0; count < guests; count++) {
      channels.push(await connect(call.invite, { fetch, hello: {} }))
      await quiet()
    }
    await call.close()
    await Promise.all(channels.map(channel => channel.close()))
    await quiet()
    t.ok(timers() <= before, `${timers()} timers`)
  })
}

t.test('closing a call deletes its box at once, and not after what its guests are told, since a page that is closed has no time', async t => {
  const server = new FakeServer()
  const { url, fetch } = server
  let telling: AbortSignal | undefined
  const deleted = new Promise<boolean | undefined>(resolve => {
    void host({
      server: url,
      ...fakeConnections(),
      iceServers: [],
      fetch: async input => {
        const request = input as Request
        if (request.method === 'DELETE') resolve(telling?.aborted)
        if (request.method !== 'POST' || !request.url.includes('drop_')) return await fetch(request)
        telling = request.signal
        return await new Promise<Response>((_resolve, reject) => { telling!.addEventListener('abort', () => { reject(new Error('aborted')) }) })
      }
    }).then(async call => {
      const guest = await connect(call.invite, { fetch, hello: {} })
      await quiet()
      await call.close()
      await guest.close()
    })
  })
  t.equal(await deleted, false, 'the guest has not been told yet')
})

t.test('closing a call refuses nobody aloud, and prepares no further connection', async t => {
  const { url, fetch } = new FakeServer()
  const refused: unknown[] = []
  let prepared = 0
  let release: (() => void) | undefined
  const released = new Promise<void>(resolve => { release = resolve })
  const call = await host({
    server: url,
    ...fakeConnections(),
    fetch: async input => {
      const request = input as Request
      if (!request.url.endsWith('/ice-servers')) return await fetch(request)
      await released
      return new Response(JSON.stringify({ iceServers: [], ttl: 60 }), { headers: { 'Content-Type': 'application/json' } })
    },
    prepare: () => { prepared++ },
    refused: error => { refused.push(error) }
  })
  const guests = [await connect(call.invite, { fetch, hello: {} }), await connect(call.invite, { fetch, hello: {} })]
  await quiet()
  const closing = call.close()
  release!()
  await closing
  await quiet()
  await Promise.all(guests.map(guest => guest.close()))
  t.equal(prepared, 0)
  t.same(refused, [])
})
