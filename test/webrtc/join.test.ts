import t, { type Test } from 'tap'
import { deferred } from '../../clients/typescript/src/webrtc/deferred.js'
import { host } from '../../clients/typescript/src/webrtc/host.js'
import { join, type JoinOptions } from '../../clients/typescript/src/webrtc/join.js'
import type { SealedMessage } from '../../clients/typescript/src/webrtc/sealing.js'
import { fakeConnections, type FakeConnection } from './fake-connection.js'
import { FakeServer, quiet } from './fake-server.js'
import { next } from './serve.js'

type Answer = (request: Request) => Response | Promise<Response> | undefined

/** A call on an honest server, which a guest joins through one that answers some requests in its own way. */
async function joinThrough (t: Test, answer: (server: FakeServer) => Answer, options: JoinOptions = {}) {
  const server = new FakeServer()
  const [here, there] = [fakeConnections(), fakeConnections()]
  const call = await host({ server: server.url, fetch: server.fetch, ...here, iceServers: [] })
  t.teardown(() => call.close())
  const instead = answer(server)
  const fetch = async (input: RequestInfo | URL) => await (instead(input as Request) ?? server.fetch(input))
  const joining = join(call.invite, { fetch, ...there, timeout: 1_000, ...options })
  return { call, joining, here, there }
}

const isRead = ({ method, url }: Request) => method === 'GET' && url.includes('/messages')
const isCreate = ({ method, url }: Request) => method === 'POST' && url.endsWith('/boxes')
const isStore = ({ method, url }: Request) => method === 'POST' && url.endsWith('/messages')
const later = () => new Response('{}', { status: 429, headers: { 'Retry-After': '86400' } })

function endless ({ signal }: Request): Response {
  return new Response(new ReadableStream({
    start (controller) {
      controller.enqueue(new TextEncoder().encode(' '))
      signal.addEventListener('abort', () => { controller.error(signal.reason) })
    }
  }), { headers: { 'Content-Type': 'application/json' } })
}

t.test('ICE servers that never arrive completely are not waited for', async t => {
  const { joining } = await joinThrough(t, () => request => request.url.endsWith('/ice-servers') ? endless(request) : undefined)
  const joined = await joining
  await joined.close()
})

t.test('a guest asks for its box without waiting for ICE servers', async t => {
  const asked = deferred<Request>()
  const answer = deferred<Response>()
  const { joining } = await joinThrough(t, server => async request => {
    if (request.url.endsWith('/ice-servers')) {
      asked.resolve(request)
      return await answer.promise
    }
    if (isCreate(request)) {
      t.notOk((await asked.promise).signal.aborted, 'still asking')
      answer.resolve(new Response('{"iceServers":[]}', { headers: { 'Content-Type': 'application/json' } }))
    }
    return await server.fetch(request)
  })
  await (await joining).close()
})

t.test('what the application does to prepare the connection does not count against the timeout', async t => {
  let prepared = false
  const { joining } = await joinThrough(t, () => () => undefined, {
    iceServers: [],
    timeout: 1_000,
    async prepare () {
      await new Promise(resolve => setTimeout(resolve, 1_100))
      prepared = true
    }
  })
  const joined = await joining
  t.ok(prepared)
  await joined.close()
})

t.test('a guest whose application cannot prepare the connection leaves no box behind', async t => {
  const left = new Set<string>()
  const gone = deferred<void>()
  const { joining } = await joinThrough(t, server => async request => {
    await new Promise(resolve => setTimeout(resolve, 20))
    request.signal.throwIfAborted()
    const response = await server.fetch(request)
    if (isCreate(request)) left.add((await response.clone().json()).data)
    if (request.method === 'DELETE') {
      left.delete(request.url.split('/').at(-1)!)
      gone.resolve()
    }
    return response
  }, {
    iceServers: [],
    async prepare () {
      while (left.size === 0) await quiet()
      throw new Error('no camera')
    }
  })
  await t.rejects(joining, { message: 'no camera' })
  await gone.promise
  t.equal(left.size, 0)
})

t.test('a guest that gets a Retry-After of a day gives up after its timeout', async t => {
  for (const is of [isCreate, isStore]) {
    const { joining } = await joinThrough(t, () => request => is(request) ? later() : undefined, { iceServers: [] })
    await t.rejects(joining, { name: 'CallError', code: 'CALL_ERR_SERVER' })
  }
})

t.test('a timeout beyond the longest timer does not fire', async t => {
  const { call, joining, here, there } = await joinThrough(t, () => () => undefined, { iceServers: [], timeout: 2 ** 31 })
  const joined = await joining
  t.teardown(() => joined.close())
  await quiet()
  const [ours, theirs] = [here.made[0]!, there.made[0]!]
  // Longer than the timer that would fire at once.
  await new Promise(resolve => setTimeout(resolve, 20))
  ours.open(theirs.fingerprint)
  theirs.open(ours.fingerprint)
  await Promise.all([next(call.peers), next(joined.peers)])
})

t.test('a server that refuses to give the guest its own messages is named', async t => {
  for (const [status, code, reason] of [[400, 'CALL_ERR_SERVER'], [403, 'CALL_ERR_SERVER'], [404, 'CALL_ERR_GONE', 'BOX_ERR_NOT_FOUND'], [404, 'CALL_ERR_SERVER', 'BOX_ERR_NO_ROUTE'], [404, 'CALL_ERR_SERVER'], [409, 'CALL_ERR_SERVER'], [410, 'CALL_ERR_SERVER']] as const) {
    const { joining } = await joinThrough(t, server => {
      let refused: (() => void) | undefined
      const told = new Promise<void>(resolve => { refused = resolve })
      return request => {
        if (isRead(request)) {
          setImmediate(() => { refused?.() })
          return new Response(JSON.stringify({ code: reason }), { status, headers: { 'Content-Type': 'application/problem+json' } })
        }
        // The hello is not acknowledged before that.
        return isStore(request) ? told.then(async () => { await quiet(); return await server.fetch(request) }) : undefined
      }
    }, { iceServers: [] })
    await t.rejects(joining, { name: 'CallError', code })
  }
})

t.test('garbage in the guest’s box before its hello is stored gives a named error', async t => {
  const { joining } = await joinThrough(t, server => request => {
    if (isStore(request)) return quiet().then(async () => await server.fetch(request))
    if (!isCreate(request)) return undefined
    return server.fetch(request).then(async response => {
      server.put((await response.clone().json() as { drop: string }).drop, { garbage: true } as unknown as SealedMessage)
      return response
    })
  }, { iceServers: [] })
  await t.rejects(joining, { name: 'CallError', code: 'CALL_ERR_FORMAT' })
})

t.test('what the guest adds before the two sides agree is offered once they do', async t => {
  const { call, joining, here, there } = await joinThrough(t, () => () => undefined, { iceServers: [] })
  const joined = await joining
  t.teardown(() => joined.close())
  const [ours, theirs] = [() => here.made[0]!, there.made[0]!] as [() => FakeConnection, FakeConnection]
  const describe = theirs.setLocalDescription.bind(theirs)
  theirs.setLocalDescription = async description => {
    await describe(description)
    // As a browser does for a track that the host's offer had no place for, while the code is being computed.
    if (theirs.localDescription?.type === 'answer') theirs.onnegotiationneeded?.()
  }
  await quiet()
  t.equal(ours().remoteDescription?.type, 'offer')
  t.equal(theirs.remoteDescription?.type, 'answer', 'and it was answered')
  ours().open(theirs.fingerprint)
  theirs.open(ours().fingerprint)
  await Promise.all([next(call.peers), next(joined.peers)])
})
