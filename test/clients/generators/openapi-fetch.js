// Through openapi-fetch, whose types openapi-typescript makes of the contract.
import createClient from 'openapi-fetch'
import { serve } from './runner.js'

const calls = {
  createBox: (client, { ttl }) => client.POST('/boxes', { body: { ttl } }),
  storeMessage: (client, { box, message }) => client.POST('/boxes/{box}/messages', { params: { path: { box } }, body: message }),
  readMessages: (client, { box, ...query }) => client.GET('/boxes/{box}/messages', { params: { path: { box }, query } }),
  acknowledge: (client, { box, after }) => client.PUT('/boxes/{box}/cursor', { params: { path: { box } }, body: { after } }),
  drainMessages: (client, { box }) => client.DELETE('/boxes/{box}/messages', { params: { path: { box } } }),
  deleteBox: (client, { box }) => client.DELETE('/boxes/{box}', { params: { path: { box } } }),
  classicBox: (client, query) => client.GET('/box.php', { params: { query } })
}

serve(async ({ url, call, args }) => {
  const { data, error, response } = await calls[call](createClient({ baseUrl: url }), args)
  return error === undefined ? { status: response.status, answer: data ?? null } : { status: response.status, problem: error }
})
