import Fastify, { type FastifyBaseLogger } from 'fastify'
import t from 'tap'
import { Outgoing } from '../../src/http/outgoing.js'
import { until } from '../helpers/until.js'

t.test('the end of a lack of room is logged, even if nothing is unsent any more', async t => {
  const lines: string[] = []
  const write = (_: unknown, line: string): void => { lines.push(line) }
  let now = 0
  const outgoing = new Outgoing({ warn: write, info: write } as unknown as FastifyBaseLogger, { perAddress: 1000, total: 1000, stallTimeout: 10 }, () => now)
  const app = Fastify()
  t.teardown(() => app.close())
  outgoing.watch(app)
  app.get('/', async (request, reply) => { outgoing.admit(request, reply, 1_000_000) })
  t.equal((await app.inject('/')).statusCode, 503)
  t.match(lines, [/^Too much data is unsent/])
  now = 5_000
  await until(() => lines.length > 1)
  t.match(lines[1], /^Unsent data is within its limits again/)
})
