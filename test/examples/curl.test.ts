import t from 'tap'
import { needs } from '../helpers/needs.js'
import { serve } from '../server/serve.js'
import { start } from './example.js'

t.test('the curl script runs the whole conversation and leaves no box behind', { skip: needs('curl') }, async t => {
  const { listen, app } = await serve(t, ['--log-level=silent'])
  const script = start(t, 'curl/conversation.sh', [`http://127.0.0.1:${await listen()}`])
  const box = await script.printed(/"replyTo": "(drop_[\w-]{32})"/)
  await script.printed(/"data":\[\{"type": "answer"\}\],"next":1/)
  t.equal(await script.exited, 0)
  const answer = await app.inject({ method: 'POST', url: `/boxes/${box}/messages`, payload: {} })
  t.equal(answer.statusCode, 404)
})

t.test('the curl script stops at the first refusal', { skip: needs('curl') }, async t => {
  const { listen } = await serve(t, ['--log-level=silent'])
  const script = start(t, 'curl/conversation.sh', [`http://127.0.0.1:${await listen()}/nowhere`])
  t.not(await script.exited, 0)
  await script.printed(/404/)
})
