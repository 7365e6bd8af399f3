import t from 'tap'
import { needs } from '../../helpers/needs.js'
import { RedisServer } from '../../helpers/redis-server.js'
import { runApiTests } from '../../helpers/redis-api.js'

t.test('every HTTP test passes on Redis', { skip: needs('redis-server') }, async t => {
  await runApiTests(t, [await RedisServer.start(t)])
})
