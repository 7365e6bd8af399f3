import t, { type Test } from 'tap'
import { serve } from './serve.js'

/** What the server logs about proxies when requests with this header come from each address. */
async function warnings (t: Test, flags: string[], forwarded: string, ...addresses: string[]): Promise<string[]> {
  const { app, logs } = await serve(t, flags)
  for (const remoteAddress of addresses) await app.inject({ url: '/nowhere', remoteAddress, headers: { 'x-forwarded-for': forwarded } })
  return logs().trim().split('\n').map(line => JSON.parse(line)).filter(({ level }) => level === 40).map(({ msg }) => msg)
}
const warning = (address: string): string =>
  `Forwarded requests come from ${address}, which is not a trusted proxy, so all of them share the limits of one client: if it is your proxy, see --trust-proxy`

t.test('each proxy nearby that is not trusted is logged once, whoever else sends the header', async t => {
  t.same(await warnings(t, [], '203.0.113.5', '172.18.0.3', '172.18.0.3', '::1'), [warning('172.18.0.3'), warning('::1')])
  t.equal((await warnings(t, [], '203.0.113.5', ...Array.from({ length: 20 }, (_, n) => `10.0.0.${n}`))).length, 8)
  t.same(await warnings(t, ['--trust-proxy=10.0.0.1'], '203.0.113.5', '::ffff:10.0.0.2'), [warning('::ffff:10.0.0.2')])
})

t.test('so is one in front of a trusted one', async t => {
  t.same(await warnings(t, ['--trust-proxy=10.0.0.1'], '203.0.113.5, 10.0.0.2', '10.0.0.1'), [warning('10.0.0.2')])
})

t.test('a trusted proxy is not, nor its neighbours, nor a stranger who sends the header', async t => {
  t.same(await warnings(t, ['--trust-proxy=10.0.0.0/8'], '203.0.113.5', '10.0.0.1'), [])
  t.same(await warnings(t, ['--trust-proxy=10.0.0.1'], '10.0.0.9', '10.0.0.1'), [])
  t.same(await warnings(t, ['--trust-proxy=10.0.0.1'], 'unknown', '10.0.0.1'), [])
  t.same(await warnings(t, [], '203.0.113.5', '198.51.100.7'), [])
})
