// Through what orval makes for fetch.
import * as client from 'client/client.ts'
import { resultOf, serve } from './runner.js'

// orval names no server where the contract names none but `/`.
const { fetch } = globalThis
let base = ''
globalThis.fetch = (url, options) => fetch(base + url, options)

const calls = {
  createBox: ({ ttl }) => client.createBox({ ttl }),
  storeMessage: ({ box, message }) => client.storeMessage(box, message),
  readMessages: ({ box, ...query }) => client.readMessages(box, query),
  acknowledge: ({ box, after }) => client.acknowledge(box, { after }),
  drainMessages: ({ box }) => client.drainMessages(box),
  deleteBox: ({ box }) => client.deleteBox(box),
  classicBox: query => client.classicBox(query)
}

serve(async ({ url, call, args }) => {
  base = url
  const { data, status } = await calls[call](args)
  return resultOf(data, status)
})
