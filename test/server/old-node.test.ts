import t from 'tap'
import { oldestNode } from '../../src/manifest.js'
import { isOlder } from '../../src/server/old-node.js'

t.test('versions are compared by their numbers', async t => {
  for (const version of ['18.20.4', '20.9.0', '20.18.3', '8.0.0']) t.equal(isOlder(version, '20.19'), true, version)
  for (const version of ['20.19.0', '20.20.1', '22.0.0', '100.1.0']) t.equal(isOlder(version, '20.19'), false, version)
  t.equal(isOlder(process.versions.node, oldestNode), false, 'the one that runs this')
})
