import t from 'tap'
import fc from 'fast-check'
import { mock } from 'node:test'
import { createHash, randomBytes } from 'node:crypto'
import { BLOCK } from '../../../src/web/files/file-messages.js'
import { FakeChannel, FakePage, linkOn, Wire } from './fake-wire.js'

t.teardown(() => { FakePage.closeAll() })

function fileOf (name: string, size: number): File {
  return new File([randomBytes(size)], name)
}

const sha256 = async (blob: Blob) => createHash('sha256').update(new Uint8Array(await blob.arrayBuffer())).digest('hex')

/** Two pages that find each other again whenever their connection breaks. @param lives how many messages each carries */
async function exchange (files: [File[], File[]], lives: number[], maxMessageSize?: number) {
  let settled!: () => void
  const over = new Promise<void>(resolve => { settled = resolve })
  const check = () => {
    const { list } = { list: pages.flatMap(({ transfers }) => transfers.list) }
    if (list.length === 2 * files.flat().length && list.every(({ isOver }) => isOver)) settled()
  }
  const pages: [FakePage, FakePage] = [new FakePage(undefined, () => { check() }), new FakePage(undefined, () => { check() })]
  let offered = false
  for (const life of [...lives, Infinity]) {
    const wire = new Wire(life)
    for (const [index, end] of wire.ends.entries()) pages[index]!.transfers.attach(linkOn(end, maxMessageSize))
    wire.open()
    if (!offered) {
      while (pages.some(({ transfers }) => !transfers.canSend)) await new Promise(setImmediate)
      for (const [index, page] of pages.entries()) page.transfers.send(files[index]!)
      offered = true
      check()
    }
    await Promise.race([over, wire.broken])
  }
  await over
  return pages
}

t.test('files arrive whole in both directions, wherever the connection is cut', async t => {
  const sizes = fc.array(fc.oneof(
    fc.constantFrom(0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK),
    fc.integer({ min: 0, max: 3 * BLOCK })), { maxLength: 3 })
  // Each connection lives long enough for the two pages to say that they are ready and what they offer at first.
  const lives = fc.array(fc.integer({ min: 8, max: 120 }), { maxLength: 6 })
  await fc.assert(fc.asyncProperty(sizes, sizes, lives, fc.constantFrom(16_384, 65_536, 262_144), async (mine, theirs, lives, maxMessageSize) => {
    const name = (side: string) => (size: number, index: number) => fileOf(`${side}${index}`, size)
    const files: [File[], File[]] = [mine.map(name('a')), theirs.map(name('b'))]
    const pages = await exchange(files, lives, maxMessageSize)
    for (const [index, page] of pages.entries()) {
      if (!page.transfers.list.every(({ state }) => state.name === 'done')) return false
      for (const sent of files[1 - index]!) {
        const sink = page.sinks.get(sent.name)!
        if (!sink.closed || sink.discarded || await sha256(new Blob(sink.written)) !== await sha256(sent)) return false
      }
    }
    return true
  }), { numRuns: 40 })
  t.pass()
})

/** A page that has offered a file to somebody, whose connection is cut then. */
async function cutOff (owner: string) {
  const [{ transfers }, receiver] = [new FakePage(), new FakePage()]
  const wire = new Wire()
  transfers.attach(linkOn(wire.ends[0]), owner)
  receiver.transfers.attach(linkOn(wire.ends[1]))
  wire.open()
  while (!transfers.canSend) await new Promise(setImmediate)
  transfers.send([fileOf('a', 5)])
  wire.break()
  return transfers
}

t.test('a file does not wait for ever for somebody who does not come back as the same', async t => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => { mock.timers.reset() })
  const transfers = await cutOff('ben')
  mock.timers.tick(119_999)
  t.match(transfers.list, [{ state: { name: 'asked' } }])
  transfers.attach(linkOn(new FakeChannel()), 'ben, loaded again')
  mock.timers.tick(1)
  t.match(transfers.list, [{ state: { name: 'failed', reason: 'unknown' } }])
})

t.test('whoever is back in time, is not given up later', async t => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => { mock.timers.reset() })
  const transfers = await cutOff('ben')
  mock.timers.tick(60_000)
  transfers.attach(linkOn(new FakeChannel()), 'ben')
  mock.timers.tick(600_000)
  t.match(transfers.list, [{ state: { name: 'asked' } }])
})
