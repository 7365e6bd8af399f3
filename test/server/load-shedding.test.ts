import Fastify from 'fastify'
import t from 'tap'
import { shedLoad } from '../../src/server/load-shedding.js'
import { until } from '../helpers/until.js'
import { hang } from './hang.js'

t.test('an overload takes two log lines, however many requests it refuses', async t => {
  const lines: Array<{ level: number, msg: string }> = []
  let shed = 0
  let time = 0
  const app = Fastify({ logger: { stream: { write: line => { if (/overload/i.test(line)) lines.push(JSON.parse(line)) } } } })
  t.teardown(() => app.close())
  shedLoad(app, {}, () => { shed++ }, () => time)
  app.get('/', async () => 'served')
  await app.ready()
  const isRefused = async (): Promise<boolean> => (await app.inject('/')).statusCode === 503

  while (!await isRefused()) await hang()
  while (await isRefused()) await new Promise(resolve => setTimeout(resolve, 50))
  t.match(lines, [{ level: 40, msg: 'Overloaded: the event loop is behind by more than a second; requests are refused' }])
  t.equal(lines.length, 1)
  t.ok(shed >= 2)
  time = 10_000
  await until(() => lines.length === 2)
  t.match(lines[1], { level: 30, msg: /^No longer overloaded, after \d+ failures in 0 s$/, failures: shed })
})
