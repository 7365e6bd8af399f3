// From storing a message to its reader having it, over loopback.
import { Agent, request } from 'node:http'
import { load, requests } from './load.js'
import { createBoxes, median, message, percentile, report, sleep, startServer } from './lib.js'

const SAMPLES = 2000
const SENDERS = 32
const SECONDS = 4

/** Opens an event stream and calls `onEvent` for each message that arrives. */
export function openStream (url, onEvent) {
  return new Promise((resolve, reject) => {
    const call = request(url, { headers: { accept: 'text/event-stream' } }, answer => {
      if (answer.statusCode !== 200) return reject(new Error(`stream answered ${answer.statusCode}`))
      answer.setEncoding('utf8')
      answer.on('data', chunk => {
        for (let at = chunk.indexOf('data: '); at !== -1; at = chunk.indexOf('data: ', at + 6)) onEvent()
      })
      answer.on('error', () => {})
      resolve(() => { call.destroy() })
    })
    call.on('error', reject)
    call.end()
  })
}

/** The times, in ms, from sending a message to its event, one at a time. */
export async function latencyToEvent (streamUrl, send, samples = SAMPLES) {
  let start = 0
  let done
  const times = []
  const close = await openStream(streamUrl, () => { times.push(performance.now() - start); done() })
  for (let i = 0; i < samples + 200; i++) {
    const event = new Promise(resolve => { done = resolve })
    start = performance.now()
    await Promise.all([event, send()])
  }
  close()
  return times.slice(200)
}

const agent = new Agent({ keepAlive: true })

export function poster (url, type = 'application/json') {
  return () => new Promise((resolve, reject) => {
    const call = request(url, { method: 'POST', agent, headers: { 'content-type': type, 'content-length': message.length } }, answer => {
      answer.resume()
      answer.on('end', resolve)
    })
    call.on('error', reject)
    call.end(message)
  })
}

async function throughput (server, boxes) {
  let delivered = 0
  const closers = []
  for (const box of boxes) closers.push(await openStream(`${server.url}/boxes/${box}/messages`, () => { delivered++ }))
  const { answered: stored, seconds } = await load(server.url, requests.store(boxes), { connections: SENDERS, seconds: SECONDS })
  await sleep(200)
  for (const close of closers) close()
  if (delivered < stored) throw new Error(`${stored} stored, ${delivered} delivered`)
  return delivered / seconds
}

export async function run () {
  const server = await startServer('memory')
  const [box] = await createBoxes(server.url, 1)
  const url = `${server.url}/boxes/${box}/messages`
  const times = await latencyToEvent(url, poster(url))
  report('store to stream, one at a time, p50', `${median(times).toFixed(2)} ms`, '<= 1 ms')
  report('store to stream, one at a time, p99', `${percentile(times, 0.99).toFixed(2)} ms`, '<= 5 ms')

  const bare = await startServer('bare')
  const ratios = []
  const rates = []
  for (let round = 0; round < 3; round++) {
    const { rate: reference } = await load(bare.url, requests.store(['x']), { connections: SENDERS, seconds: SECONDS })
    const boxes = await createBoxes(server.url, SENDERS)
    rates.push(await throughput(server, boxes))
    ratios.push(rates.at(-1) / reference)
  }
  report(`delivered, ${SENDERS} senders, ${SENDERS} streams`, `${Math.round(median(rates))} /s, ${median(ratios).toFixed(2)} of bare`, '>= 0.6', median(ratios))
  await bare.stop()
  await server.stop()
}
