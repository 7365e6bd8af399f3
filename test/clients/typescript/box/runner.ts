/** Carries out the commands that it reads, one JSON a line, through `Box`; see ../../README.md. */
import { parseAddress } from '../../../../clients/typescript/src/address.js'
import { Box } from '../../../../clients/typescript/src/box.js'
import { defaultTimings, type Timings } from '../../../../clients/typescript/src/retry.js'
// @ts-expect-error A program without types, shared with the suite.
import { lines } from '../../lines.js'

interface Arguments { messages?: unknown[], count?: number, leave?: boolean, after?: number }
interface Command { id: number, call: string, link: string, url: string, args: Arguments, timings: { max_attempts?: number, stream_open_timeout?: number } }

// Node's `fetch` keeps its connections in an object of this class, which Node does not export. It exists once `fetch` was used.
await fetch('data:,')
const { constructor: Connections } = (globalThis as any)[Symbol.for('undici.globalDispatcher.1')]

/** Waits that are short enough for a thousand failures. */
function quick ({ max_attempts: maxAttempts, stream_open_timeout: patience }: Command['timings']): Timings {
  return {
    ...defaultTimings,
    minDelay: 1,
    maxDelay: 8,
    acknowledgeInterval: 1,
    ...(maxAttempts !== undefined && { maxAttempts }),
    ...(patience !== undefined && { streamOpenTimeout: patience * 1000 })
  }
}

async function carryOut ({ call, link, url, args, timings }: Command): Promise<unknown> {
  // Of its own, because the proxy counts them.
  const connections = new Connections()
  const box = Box.withTimings(parseAddress(link.slice(link.lastIndexOf('/') + 1), url), {
    fetch: async input => await fetch(input, { dispatcher: connections } as RequestInit)
  }, quick(timings))
  try {
    switch (call) {
      case 'send': return await send(box, args)
      case 'take': return await take(box, args)
      case 'read': return (await box.read()).messages.map(({ seq, data }) => [seq, data])
      default: throw new Error(`no such call: ${call}`)
    }
  } finally {
    box.close()
    await connections.destroy()
  }
}

async function send (box: Box, { messages = [] }: Arguments) {
  const numbers: number[] = []
  for (const message of messages) numbers.push((await box.send(message)).seq)
  return numbers
}

async function take (box: Box, { count, leave = false, after }: Arguments) {
  const taken: [number, unknown][] = []
  for await (const { seq, data } of box.messages(after === undefined ? {} : { after })) {
    taken.push([seq, data])
    if (taken.length !== count) continue
    if (!leave) await box.acknowledge(seq)
    break
  }
  return taken
}

for await (const line of lines(process.stdin)) {
  const command: Command = JSON.parse(line)
  void carryOut(command).then(answer => ({ answer }), (error: unknown) => ({ error: String(error) })).then(result => {
    console.log(JSON.stringify({ id: command.id, ...result }))
  })
}
