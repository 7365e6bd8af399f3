import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { program } from '../helpers/program.js'
import { ServerProcess } from '../helpers/server-process.js'
import { until } from '../helpers/until.js'
import { Link, near, NEAR, type Program } from '../network/link.js'
import { resolver, type Failure } from '../network/resolver.js'
import { isAlone, runAlone } from '../network/separate.js'

// Packets that are late or lost, connections whose other end vanishes without a word, addresses that change in the middle
// of a connection, and names that cannot be resolved for a while.

const source = (name: string): URL => new URL(`../network/${name}`, import.meta.url)

const BAD = { delay: 0.1, loss: 0.05 }
/** So that there is always something under way when the network breaks. */
const FAR = { delay: 0.02 }
const GOOD = { delay: 0, loss: 0, down: false }

interface Setup { link: Link, server: ServerProcess, url: string, client: string }

async function setUp (t: Test): Promise<Setup> {
  const link = await Link.open(t)
  const server = await ServerProcess.start(t, ['--host', NEAR, '--rate-limit=off', '--heartbeat=1', '--max-messages=10000'])
  return { link, server, url: server.url, client: await program(t, source('box-client.ts')) }
}

interface Box { link: string, drop: string }

async function createBox (url: string): Promise<Box> {
  const { data, drop } = await (await fetch(`${url}/boxes`, { method: 'POST' })).json() as { data: string, drop: string }
  return { link: `${url}/boxes/${data}`, drop: `${url}/boxes/${drop}` }
}

/** Stores on the server's side, where the network is good. */
async function store (box: Box, n: number): Promise<void> {
  const response = await fetch(`${box.drop}/messages`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: String(n) })
  if (!response.ok) throw new Error(await response.text())
}

/** Checks that the reader has all of the numbers, once and in order. */
async function gets (t: Test, reader: Program, count: number): Promise<void> {
  await reader.until(lines => lines.length >= count)
  t.strictSame(reader.lines, Array.from({ length: count }, (_, i) => ({ seq: i + 1, data: i + 1 })))
}

/** Ends the sender, and checks that each of its numbers was stored once and in order. */
async function stored (t: Test, sender: Program, box: Box): Promise<void> {
  await sender.end()
  const numbers = sender.lines.map((_, i) => i + 1)
  t.strictSame(sender.lines, numbers.map(n => ({ n, seq: n })))
  const { data } = await (await fetch(`${box.link}/messages`, { method: 'DELETE' })).json() as { data: number[] }
  t.strictSame(data, numbers)
  t.comment(`${numbers.length} were sent`)
}

async function waitersOf (url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text()
  return Number(/^signalbox_waiters (\d+)/m.exec(metrics)![1])
}

const connectionsOf = ({ pid }: ServerProcess): number => readdirSync(`/proc/${pid}/fd`).length

async function boxes (): Promise<void> {
  t.test('late and lost packets delay messages, and do no more', async t => {
    const { link, url, client } = await setUp(t)
    const [box, sending] = [await createBox(url), await createBox(url)]
    await link.set(BAD)
    const reader = link.start(t, client, 'follow', box.link)
    const sender = link.start(t, client, 'send', sending.drop)
    for (let n = 1; n <= 60; n++) {
      await store(box, n)
      await pause(50)
    }
    await gets(t, reader, 60)
    await sender.until(({ length }) => length >= 30)
    await stored(t, sender, sending)
    const { passed, dropped } = await link.set(GOOD)
    t.ok(dropped > 5, `${dropped} of ${passed + dropped} packets were lost`)
  })

  t.test('a network that vanishes and comes back costs no message', async t => {
    const { link, url, client } = await setUp(t)
    await link.set(FAR)
    const box = await createBox(url)
    const reader = link.start(t, client, 'follow', box.link)
    const sending = await createBox(url)
    const sender = link.start(t, client, 'send', sending.drop)
    let n = 0
    for (let round = 0; round < 4; round++) {
      await store(box, ++n)
      await gets(t, reader, n)
      await link.down(true)
      // Longer than the reader waits for a sign of life, and than the server's kernel waits.
      for (let i = 0; i < 5; i++) {
        await store(box, ++n)
        await pause(1_000)
      }
      await link.down(false)
      await gets(t, reader, n)
    }
    await stored(t, sender, sending)
  })

  t.test('a client whose address changes in mid-stream gets everything, and leaves no place taken', async t => {
    const { link, server, url, client } = await setUp(t)
    await link.set(FAR)
    const box = await createBox(url)
    const before = connectionsOf(server)
    const reader = link.start(t, client, 'follow', box.link)
    const sending = await createBox(url)
    const sender = link.start(t, client, 'send', sending.drop)
    let n = 0
    // More often than a box may have readers.
    for (let round = 0; round < 12; round++) {
      for (let i = 0; i < 3; i++) await store(box, ++n)
      await gets(t, reader, n)
      await link.set({ rebind: true })
    }
    await store(box, ++n)
    await gets(t, reader, n)
    await stored(t, sender, sending)
    while (await waitersOf(url) > 1) await pause(100)
    await until(() => connectionsOf(server) <= before + 4)
  })

  t.test('readers that vanish without a word are forgotten', async t => {
    const { link, server, url, client } = await setUp(t)
    const box = await createBox(url)
    const before = connectionsOf(server)
    for (let i = 0; i < 5; i++) link.start(t, client, 'follow', box.link)
    while (await waitersOf(url) < 5) await pause(50)
    await link.down(true)
    while (await waitersOf(url) > 0) await pause(100)
    await until(() => connectionsOf(server) <= before + 2)
    t.pass('the server has given up')
  })

  for (const failure of ['SERVFAIL', 'NXDOMAIN', 'silence'] as const satisfies Failure[]) {
    t.test(`names that cannot be resolved for a while (${failure}) cost no message`, async t => {
      const { link, url, client } = await setUp(t)
      const names = await resolver(t, NEAR, NEAR)
      const named = (address: string): string => address.replace(NEAR, 'signalbox.example')
      const [box, sending] = [await createBox(url), await createBox(url)]
      const reader = link.start(t, client, 'follow', named(box.link))
      await store(box, 1)
      await gets(t, reader, 1)
      names.fail(failure)
      // Connections that are open go on; these are not.
      await link.set({ rebind: true })
      await store(box, 2)
      const sender = link.start(t, client, 'send', named(sending.drop))
      await until(() => names.failures >= 6)
      t.equal(reader.lines.length, 1)
      t.equal(sender.lines.length, 0)
      names.fail(undefined)
      await gets(t, reader, 2)
      await sender.until(({ length }) => length > 0)
      await stored(t, sender, sending)
    })
  }
}

/** How many numbers each side has heard. */
const heard = ({ lines }: Program): number[] => lines.flatMap(({ heard }) => heard ?? [])

/** Checks that both go on hearing each other, and have missed nothing. */
async function talk (t: Test, sides: Program[]): Promise<void> {
  for (const side of sides) {
    const before = heard(side).length
    await side.until(() => heard(side).length >= before + 5)
    t.strictSame(heard(side), heard(side).map((_, i) => i + 1), 'each number once and in order')
    t.notMatch(side.lines, [{ closed: String }])
  }
}

async function calls (): Promise<void> {
  const begin = async (t: Test, settings: object) => {
    const { link, url } = await setUp(t)
    await link.set(settings)
    const caller = await program(t, source('caller.ts'))
    const host = near(t, caller, 'host', url)
    await host.until(lines => lines.length > 0)
    const guest = link.start(t, caller, 'guest', host.lines[0].invite)
    for (const side of [host, guest]) await side.until(lines => lines.some(({ code }) => code !== undefined))
    const [one, other] = [host, guest].map(({ lines }) => lines.find(({ code }) => code !== undefined).code)
    t.equal(one, other, 'the same code')
    return { link, sides: [host, guest] }
  }

  t.test('a call is connected although packets are late and lost', async t => {
    const { sides } = await begin(t, BAD)
    await talk(t, sides)
  })

  t.test('a call goes on when the guest gets another address', async t => {
    const { link, sides } = await begin(t, {})
    for (let round = 0; round < 3; round++) {
      await talk(t, sides)
      await link.set({ rebind: true })
    }
    await talk(t, sides)
  })

  t.test('a call comes back when the network does', async t => {
    const { link, sides } = await begin(t, {})
    await talk(t, sides)
    await link.down(true)
    await pause(8_000)
    await link.down(false)
    await talk(t, sides)
  })
}

t.setTimeout(1_200_000)
if (isAlone) {
  await boxes()
  await calls()
} else {
  await runAlone(fileURLToPath(import.meta.url), 'an unkind network')
}
