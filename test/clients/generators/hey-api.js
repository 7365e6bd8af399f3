// Through what hey-api makes for fetch.
import * as client from 'client/index.ts'
import { serve } from './runner.js'

const calls = {
  createBox: ({ ttl }) => ({ body: { ttl } }),
  storeMessage: ({ box, message }) => ({ path: { box }, body: message }),
  readMessages: ({ box, ...query }) => ({ path: { box }, query }),
  acknowledge: ({ box, after }) => ({ path: { box }, body: { after } }),
  drainMessages: ({ box }) => ({ path: { box } }),
  deleteBox: ({ box }) => ({ path: { box } }),
  classicBox: query => ({ query })
}

serve(async ({ url, call, args }) => {
  const { data, error, response } = await client[call]({ baseUrl: url, ...calls[call](args) })
  return error === undefined ? { status: response.status, answer: data ?? null } : { status: response.status, problem: error }
})
