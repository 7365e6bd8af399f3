// Through what openapi-generator makes for TypeScript and fetch.
import { BoxApi, ClassicApi, Configuration } from 'client/index.ts'
import { serve } from './runner.js'

const calls = {
  createBox: ({ ttl }) => ['createBoxRaw', { createBox: { ttl } }],
  storeMessage: ({ box, message }) => ['storeMessageRaw', { box, body: message }],
  readMessages: args => ['readMessagesRaw', args],
  acknowledge: ({ box, after }) => ['acknowledgeRaw', { box, cursor: { after } }],
  drainMessages: args => ['drainMessagesRaw', args],
  deleteBox: args => ['deleteBoxRaw', args],
  classicBox: args => ['classicBoxRaw', args]
}

serve(async ({ url, call, args }) => {
  const configuration = new Configuration({ basePath: url })
  const api = call === 'classicBox' ? new ClassicApi(configuration) : new BoxApi(configuration)
  const [name, parameters] = calls[call](args)
  try {
    const response = await api[name](parameters)
    return { status: response.raw.status, answer: await response.value() ?? null }
  } catch (error) {
    if (error.response === undefined) throw error
    return { status: error.response.status, problem: await error.response.json() }
  }
})
