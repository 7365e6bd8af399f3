import t from 'tap'
import fc from 'fast-check'
import { dropAddress, newBoxId } from '../../src/box/capability.js'
import { createBoxClient } from '../../clients/typescript/src/http.js'
import { baseUrl, dropAddressOf, linkOf, parseAddress } from '../../clients/typescript/src/address.js'

const id = newBoxId()

t.test('a link is a server and an id', async t => {
  const cases = {
    [`http://localhost:8080/boxes/${id}`]: 'http://localhost:8080',
    [`https://example.com/a/b/boxes/${id}`]: 'https://example.com/a/b',
    [`https://example.com/boxes/boxes/${id}?utm=1#top`]: 'https://example.com/boxes'
  }
  for (const [link, server] of Object.entries(cases)) {
    t.strictSame(parseAddress(link), { server, id })
    t.strictSame(parseAddress(new URL(link)), { server, id })
  }
})

t.test('an id needs its server', async t => {
  t.strictSame(parseAddress(id, 'https://example.com/a/'), { server: 'https://example.com/a', id })
  t.throws(() => parseAddress(id), new TypeError("Opening a box by its id requires the option 'server'"))
})

t.test('an invalid link is refused, and the message does not repeat it', async t => {
  for (const link of ['', 'box', '/boxes/' + id, `https://example.com/${id}`, `https://example.com/boxes/${id}x`, `https://example.com/boxes/${id}/messages`]) {
    t.throws(() => parseAddress(link), new TypeError('A link must have the form <server>/boxes/<id>'))
  }
})

t.test('a created link can be parsed', async t => {
  fc.assert(fc.property(fc.webUrl({ validSchemes: ['http', 'https'] }), url => {
    const address = { server: baseUrl(url), id }
    t.matchOnly(parseAddress(linkOf(address)), address)
  }), { numRuns: 50 })
})

t.test('the drop address equals the one that the server derives', async t => {
  for (let i = 0; i < 50; i++) {
    const id = newBoxId()
    t.equal(await dropAddressOf(id), dropAddress(id))
  }
})

t.test('a server URL has one canonical form', async t => {
  t.equal(baseUrl('http://localhost:8080/'), 'http://localhost:8080')
  t.equal(baseUrl(new URL('https://a.example/b/?c#d')), 'https://a.example/b')
  for (const server of ['file:///boxes', '/boxes', undefined]) t.throws(() => baseUrl(server as string), { name: 'TypeError', message: /https:\/\/ URL/ })
})

t.test('the typed client needs the URL of a server, too', t => {
  for (const server of ['', 'example.org', 'ftp://example.org', 'box_…']) t.throws(() => createBoxClient(server), { name: 'TypeError', message: /https:\/\/ URL/ }, server)
  t.end()
})
