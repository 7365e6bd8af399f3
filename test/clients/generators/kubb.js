// Through what kubb makes for fetch.
import * as client from 'client/index.ts'
import { resultOf, serve } from './runner.js'

const calls = {
  createBox: ({ ttl }, config) => client.createBox({ ttl }, config),
  storeMessage: ({ box, message }, config) => client.storeMessage(box, message, undefined, config),
  readMessages: ({ box, ...query }, config) => client.readMessages(box, query, undefined, config),
  acknowledge: ({ box, after }, config) => client.acknowledge(box, { after }, config),
  drainMessages: ({ box }, config) => client.drainMessages(box, config),
  deleteBox: ({ box }, config) => client.deleteBox(box, config),
  classicBox: (query, config) => client.classicBox(query, config)
}

serve(async ({ url, call, args }) => resultOf(await calls[call](args, { baseURL: url })))
