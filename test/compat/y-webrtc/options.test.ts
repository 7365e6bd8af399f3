import Fastify from 'fastify'
import t from 'tap'
import { yWebrtcPlugin } from '../../../src/compat/y-webrtc/index.js'

t.test('an option that cannot be is named', async t => {
  const bad: Array<[options: object, message: RegExp]> = [
    [{ timeout: 0 }, /^yWebrtcPlugin: option 'timeout' expected a whole number from 1 to 86400, received 0$/],
    [{ store: {} }, /'store' expected a Store/],
    [{ maxMessageBytes: -1 }, /^yWebrtcPlugin: option 'maxMessageBytes' expected/],
    [{ rateLimit: { stores: 0 } }, /^yWebrtcPlugin: option 'rateLimit.stores' expected/],
    [{ timout: 5 }, /unknown option 'timout'. Did you mean 'timeout'/],
    [{ prefix: '/t/:tenant' }, /'prefix' expected a path without parameters, received '\/t\/:tenant'/]
  ]
  for (const [options, message] of bad) {
    const app = Fastify()
    await t.rejects(async () => { await app.register(yWebrtcPlugin, options) }, { constructor: TypeError, message }, JSON.stringify(options))
    await app.close()
  }
})
