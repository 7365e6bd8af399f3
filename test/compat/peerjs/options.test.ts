import Fastify from 'fastify'
import t from 'tap'
import { peerjsPlugin } from '../../../src/compat/peerjs/index.js'

t.test('an option that cannot be is named', async t => {
  const bad: Array<[options: object, message: RegExp]> = [
    [{ key: '' }, /^peerjsPlugin: option 'key' expected a text of 1 to 256 characters, received ''$/],
    [{ discovery: 'yes' }, /'discovery' expected true or false, received 'yes'/],
    [{ expire: 0 }, /'expire' expected a whole number from 1 to 86400, received 0/],
    [{ timeout: 1.5 }, /'timeout' expected a whole number/],
    [{ expire: 60 }, /'expire' expected at most half of 'timeout' \(90\), received 60/],
    [{ store: {} }, /'store' expected a Store/],
    [{ maxMessageBytes: -1 }, /^peerjsPlugin: option 'maxMessageBytes' expected/],
    [{ rateLimit: { stores: 0 } }, /^peerjsPlugin: option 'rateLimit.stores' expected/],
    [{ discover: true }, /unknown option 'discover'. Did you mean 'discovery'/],
    [{ prefix: '/t/:tenant' }, /'prefix' expected a path without parameters, received '\/t\/:tenant'/]
  ]
  for (const [options, message] of bad) {
    const app = Fastify()
    await t.rejects(async () => { await app.register(peerjsPlugin, options) }, { constructor: TypeError, message }, JSON.stringify(options))
    await app.close()
  }
})
