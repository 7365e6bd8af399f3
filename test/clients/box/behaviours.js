/**
 * What every `Box` promises, whatever its language, on a real server behind a proxy that cuts, delays, repeats and reorders.
 */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { FaultyProxy, buffered, outdated, repeated, rewritingProxy } from './proxy.js'

const MESSAGES = [{ n: 1 }, ['ü', '😀\u2028'], 'three']
const TAKEN = MESSAGES.map((message, index) => [index + 1, message])
const POSITIONS = 210

/** The behaviours by their names. Each returns what it counted. */
export const behaviours = {
  async 'a stream cut anywhere delivers each message once and in order' ({ server, proxy, call }) {
    return await cutEverywhere(proxy, 'response', async () => {
      const box = await create(server)
      await box.store(...MESSAGES.slice(0, 2))
      const taking = call('take', box.link, { count: 3 })
      taking.catch(() => {})
      // The third comes as an event of its own, once the stream is open.
      await Promise.race([taking, until(() => proxy.carried.response > 0 || proxy.cuts > 0)])
      await box.store(MESSAGES[2])
      assert.deepEqual(await taking, TAKEN)
      assert.deepEqual(await box.left(), [], 'everything was acknowledged')
    })
  },

  async 'a send whose response is cut anywhere stores once' ({ server, proxy, call }) {
    return await cutEverywhere(proxy, 'response', async () => {
      const box = await create(server)
      assert.deepEqual(await call('send', box.link, { messages: [MESSAGES[1]] }), [1])
      assert.deepEqual(await box.left(), [MESSAGES[1]])
    })
  },

  async 'a send whose request is cut anywhere stores once' ({ server, proxy, call }) {
    return await cutEverywhere(proxy, 'request', async () => {
      const box = await create(server)
      assert.deepEqual(await call('send', box.link, { messages: [MESSAGES[1]] }), [1])
      assert.deepEqual(await box.left(), [MESSAGES[1]])
    })
  },

  async 'a read cut anywhere loses nothing' ({ server, proxy, call }) {
    const box = await create(server)
    await box.store(...MESSAGES)
    return await cutEverywhere(proxy, 'response', async () => {
      assert.deepEqual(await call('read', box.link, {}), TAKEN)
    })
  },

  async 'connections that are cut all the time lose, duplicate and reorder nothing' ({ server, proxy, call }) {
    const numbers = Array.from({ length: 100 }, (_, n) => n + 1)
    const box = await create(server)
    const at = cutPoints(7)
    proxy.fail(() => ({ cutResponse: at() }))
    const timings = { max_attempts: 1000 }
    const [sent, taken] = await Promise.all([
      call('send', box.link, { messages: numbers }, { timings }),
      call('take', box.link, { count: numbers.length }, { timings })
    ])
    assert.deepEqual(sent, numbers)
    assert.deepEqual(taken, numbers.map(n => [n, n]))
    assert.ok(proxy.cuts > 50, `${proxy.cuts} cuts`)
    return `${proxy.cuts} cuts, ${numbers.length} messages`
  },

  async 'a request that a proxy repeats stores once' ({ server, call }) {
    return await through(server, { times: 2 }, async url => {
      const box = await create(server)
      assert.deepEqual(await call('send', box.link, { messages: MESSAGES }, { url }), [1, 2, 3])
      assert.deepEqual(await box.left(), MESSAGES)
    })
  },

  async 'events that a proxy repeats are delivered once' ({ server, call }) {
    return await through(server, { body: repeated }, async url => {
      await takeThree(server, (link, args) => call('take', link, args, { url }))
    })
  },

  async 'a send that arrives after its repetition, and after the next one, stores nothing' ({ server, call }) {
    return await through(server, { overtaken: true }, async (url, proxy) => {
      const box = await create(server)
      assert.deepEqual(await call('send', box.link, { messages: MESSAGES }, { url }), [1, 2, 3])
      assert.deepEqual(await box.left(), MESSAGES)
      assert.equal(proxy.overtakings, 2)
    })
  },

  async 'an acknowledgement that arrives after a later one changes nothing' ({ server, call }) {
    return await through(server, { overtaken: true }, async (url, proxy) => {
      const box = await create(server)
      const taking = call('take', box.link, { count: 3 }, { url })
      taking.catch(() => {})
      for (const message of MESSAGES) {
        await box.store(message)
        // The last one is acknowledged, too, but not before `take` has answered.
        await Promise.race([taking, until(async () => (await box.left()).length === 0)])
      }
      assert.deepEqual(await taking, TAKEN)
      assert.deepEqual(await box.left(), [])
      // On a busy machine, the last one can be overtaken, too.
      assert.ok(proxy.overtakings >= 2)
    })
  },

  async 'a long-poll that is answered with an older page delivers nothing twice, and loses nothing' ({ server, call }) {
    const body = outdated()
    return await through(server, { body }, async url => {
      const box = await create(server)
      const taking = call('take', box.link, { count: 3 }, { url, timings: { stream_open_timeout: 0.1 } })
      taking.catch(() => {})
      for (const message of MESSAGES) {
        await box.store(message)
        await Promise.race([taking, until(async () => (await box.left()).length === 0)])
      }
      assert.deepEqual(await taking, TAKEN)
      assert.deepEqual(await box.left(), [])
      assert.ok(body.answers > 0)
    })
  },

  async 'behind a proxy that buffers the stream, long-polls take over' ({ server, call }) {
    return await through(server, { body: buffered }, async url => {
      await takeThree(server, (link, args) => call('take', link, args, { url, timings: { stream_open_timeout: 0.1 } }))
    })
  },

  async 'a slow connection is not mistaken for a broken one' ({ server, proxy, call }) {
    const box = await create(server)
    proxy.fail(() => ({ delay: 50 }))
    assert.deepEqual(await call('send', box.link, { messages: MESSAGES }), [1, 2, 3])
    assert.deepEqual(await call('take', box.link, { count: 3 }), TAKEN)
    // The sends', the stream, and the acknowledgements'. Node takes two in turn.
    assert.ok(proxy.connections <= 8, `${proxy.connections} connections`)
    return '3 messages'
  },

  async 'the message at which a reader left is delivered to the next one' ({ server, proxy, call }) {
    const box = await create(server)
    await box.store(...MESSAGES)
    proxy.fail(() => ({}))
    assert.deepEqual(await call('take', box.link, { count: 2, leave: true }), TAKEN.slice(0, 2))
    assert.deepEqual(await call('take', box.link, { count: 2 }), TAKEN.slice(1))
    assert.deepEqual(await box.left(), [])
    return '3 messages'
  },

  async 'what could not be acknowledged is acknowledged later, even if no message comes' ({ server, call }) {
    // More than a request is tried.
    let failures = 25
    const refuses = ({ method }) => method === 'PUT' && failures > 0 && failures-- > 0
    await through(server, { refuses }, async url => {
      const box = await create(server)
      await box.store(MESSAGES[0])
      const taking = call('take', box.link, { count: 2 }, { url })
      let ended = false
      taking.catch(() => {}).finally(() => { ended = true })
      // The reader waits for its second message all the while.
      await until(async () => ended || (await box.left()).length === 0)
      await box.store(MESSAGES[1])
      assert.deepEqual(await taking, TAKEN.slice(0, 2))
      assert.deepEqual(await box.left(), [])
    })
    assert.equal(failures, 0)
    return '25 failures'
  },

  async 'a loop first acknowledges what was handled before it, even if no message comes' ({ server, call }) {
    const box = await create(server)
    await box.store(...MESSAGES.slice(0, 2))
    const taking = call('take', box.link, { count: 1, after: 2 }, { url: server })
    taking.catch(() => {})
    // A full box would stay full: nobody could store what the loop waits for.
    await until(async () => (await box.left()).length === 0, 5000)
    await box.store(MESSAGES[2])
    assert.deepEqual(await taking, TAKEN.slice(2))
    assert.deepEqual(await box.left(), [])
    return '2 messages'
  }
}

/**
 * Tries the behaviours on one runner.
 * @param {(name: string, action: () => Promise<void>) => Promise<number>} attempt
 */
export async function tryBehaviours (runner, server, attempt) {
  const proxy = await new FaultyProxy(server).listen()
  const call = async (name, link, args, { url = proxy.url, timings = {} } = {}) => {
    const { answer, error } = await runner.call({ call: name, link, url, args, timings })
    assert.equal(error, undefined)
    return answer
  }
  const figures = []
  try {
    for (const [name, behaviour] of Object.entries(behaviours)) {
      const start = Date.now()
      await attempt(name, async () => {
        const counted = await behaviour({ server, proxy, call })
        figures.push({ behaviour: name, counted, s: ((Date.now() - start) / 1000).toFixed(1) })
      })
    }
  } finally {
    await proxy.close()
  }
  return figures
}

/** Does the work once for each of many positions, evenly spread over what the first connection carries, at which it is cut. */
async function cutEverywhere (proxy, direction, work) {
  const name = direction === 'request' ? 'cutRequest' : 'cutResponse'
  proxy.fail(() => ({}))
  await work()
  const length = proxy.carried[direction]
  const positions = [...new Set(Array.from({ length: POSITIONS }, (_, n) => Math.floor(n * length / POSITIONS)))]
  let cuts = 0
  for (const at of positions) {
    proxy.fail(connection => connection === 0 ? { [name]: at } : {})
    try {
      await work()
    } catch (error) {
      throw new Error(`cut after ${at} of ${length} bytes: ${error.message}`, { cause: error })
    }
    cuts += proxy.cuts
  }
  assert.ok(cuts >= 200 || cuts === length, `${cuts} cuts`)
  return `${cuts} cuts in ${length} bytes`
}

/** Numbers that look random, from 0 to 1,499, and the same in every run. */
function cutPoints (seed) {
  return () => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31
    return seed % 1500
  }
}

async function through (server, how, work) {
  const proxy = await rewritingProxy(server, how)
  try {
    await work(proxy.url, proxy)
    return `${MESSAGES.length} messages`
  } finally {
    await proxy.close()
  }
}

async function takeThree (server, take) {
  const box = await create(server)
  await box.store(MESSAGES[0])
  const taking = take(box.link, { count: 3 })
  taking.catch(() => {})
  await box.store(...MESSAGES.slice(1))
  assert.deepEqual(await taking, TAKEN)
  assert.deepEqual(await box.left(), [])
}

/** A new box, reached without the proxy. */
async function create (server) {
  const { data } = await (await fetch(`${server}/boxes`, { method: 'POST' })).json()
  const link = `${server}/boxes/${data}`
  return {
    link,
    async store (...messages) {
      for (const message of messages) {
        const { ok } = await fetch(`${link}/messages`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(message) })
        assert.ok(ok)
      }
    },
    async left () {
      return (await (await fetch(`${link}/messages`)).json()).data
    }
  }
}

async function until (holds, patience = Infinity) {
  for (const deadline = Date.now() + patience; !await holds(); await sleep(1)) {
    assert.ok(Date.now() < deadline, 'it does not come')
  }
}
