import t from 'tap'
import { needs } from '../helpers/needs.js'
import { startCluster } from '../helpers/redis-server.js'
import { runApiTests } from '../helpers/redis-api.js'

t.test('every HTTP test passes on a Cluster', { skip: needs('redis-server') }, async t => {
  await runApiTests(t, await startCluster(t))
})
