import t from 'tap'
import { createHash } from 'node:crypto'
import { nextHash, toHex } from '../../../src/web/files/blocks.js'
import { BLOCK, MAX_OFFERS, WINDOW, type FileMessage } from '../../../src/web/files/file-messages.js'
import type { Sink } from '../../../src/web/files/incoming-file.js'
import { FakeChannel, FakePage, linkOn, MemorySink } from './fake-wire.js'

t.teardown(() => { FakePage.closeAll() })

const id = (number: number) => number.toString(16).padStart(32, '0')
const KEY = id(7)

const sha256 = (...parts: (Uint8Array | string)[]) => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** Until the page has hashed, read and stored whatever it is at: this does the same, later and longer. */
async function quiet () {
  for (let rounds = 0; rounds < 4; rounds++) {
    await nextHash(new Uint8Array(), new Uint8Array(await new Blob([new Uint8Array(2 * BLOCK)]).arrayBuffer()))
    await new Promise(setImmediate)
  }
}

/** A page, and the other end of its channel, at which anything may be said. */
function page (accepts?: () => Sink | undefined) {
  const page = new FakePage(accepts)
  const connect = (owner?: string) => {
    const channel = new FakeChannel()
    page.transfers.attach(linkOn(channel), owner)
    channel.open()
    return channel
  }
  const said = (channel: FakeChannel) => channel.sent.filter(data => typeof data === 'string').map(data => JSON.parse(data) as FileMessage)
  return { page, connect, said }
}

const offer = (size: number, number = 1) => ({ type: 'offer', id: id(number), key: KEY, name: 'a', size })

/** A page that has accepted a file and is told that its blocks follow. */
async function receiving (size: number, sink: Sink = new MemorySink()) {
  const { page: it, connect, said } = page(() => sink)
  const channel = connect()
  channel.hear({ type: 'ready', known: [] })
  channel.hear(offer(size))
  await quiet()
  channel.hear({ type: 'begin', id: id(1), blocks: 0 })
  return { page: it, connect, said, channel, file: it.incoming[0]! }
}

t.test('the hash of a file covers each block and the hash before it', async t => {
  const blocks = [new Uint8Array(BLOCK).fill(1), new Uint8Array([1, 2, 3])]
  let hash = new Uint8Array()
  for (const block of blocks) hash = await nextHash(hash, block)
  t.equal(toHex(hash), sha256(sha256(blocks[0]!), blocks[1]!).toString('hex'))
})

t.test('a block that is not what its hash says is not stored, and ends the transfer', async t => {
  const sink = new MemorySink()
  const { channel, file, said } = await receiving(3, sink)
  channel.hear(new Uint8Array([1, 2, 3]))
  channel.hear({ type: 'block', hash: sha256(new Uint8Array([1, 2, 4])).toString('hex') })
  await quiet()
  t.same(file.state, { name: 'failed', reason: 'damaged', mine: true })
  t.same(said(channel).at(-1), { type: 'cancel', id: id(1), reason: 'damaged' })
  t.same(sink.written, [])
  t.ok(sink.discarded)
})

t.test('a block that ends too early, or is too long, ends the transfer', async t => {
  for (const bytes of [2, 4]) {
    const { channel, file } = await receiving(3)
    channel.hear(new Uint8Array(bytes))
    channel.hear({ type: 'block', hash: sha256(new Uint8Array(bytes)).toString('hex') })
    await quiet()
    t.match(file.state, { name: 'failed', reason: 'damaged' })
  }
})

t.test('more than the window is not kept, however slow the storage is', async t => {
  const { channel, file, said } = await receiving(100 * BLOCK, { write: () => new Promise(() => {}), close: async () => undefined, discard: async () => {} })
  const block = new Uint8Array(BLOCK)
  let hash = Buffer.alloc(0)
  for (let number = 0; number <= WINDOW; number++) {
    t.equal(file.state.name, 'moving')
    hash = sha256(hash, block)
    channel.hear(block)
    channel.hear({ type: 'block', hash: hash.toString('hex') })
    await quiet()
  }
  t.match(file.state, { name: 'failed', reason: 'damaged' })
  t.notOk(said(channel).some(({ type }) => type === 'have'))
})

t.test('bytes that nobody asked for are dropped, and in the end so is the channel', async t => {
  const { page: it, connect } = page(() => undefined)
  const channel = connect()
  channel.hear({ type: 'ready', known: [] })
  channel.hear(offer(3))
  channel.hear({ type: 'begin', id: id(1), blocks: 0 })
  channel.hear(new Uint8Array(3))
  t.equal(it.incoming[0]!.state.name, 'asked')
  const piece = new Uint8Array(65_536)
  for (let bytes = 0; bytes <= 2 * WINDOW * BLOCK; bytes += piece.length) channel.hear(piece)
  t.equal(channel.readyState, 'closed')
})

t.test('blocks begin once each time they are asked for, however often the other page says so', async t => {
  const { channel, file } = await receiving(2 * BLOCK)
  const piece = new Uint8Array(65_536)
  for (let bytes = 0; bytes <= 2 * WINDOW * BLOCK; bytes += piece.length) {
    channel.hear({ type: 'begin', id: id(1), blocks: 0 })
    channel.hear(piece)
  }
  t.match(file.state, { name: 'failed', reason: 'damaged' })
  t.equal(channel.readyState, 'closed')
})

t.test('a flood of offers keeps a bounded number, and one that is withdrawn leaves nothing', async t => {
  const { page: it, connect, said } = page(() => undefined)
  const channel = connect()
  channel.hear({ type: 'ready', known: [] })
  for (let number = 0; number < 1_000; number++) channel.hear(offer(3, number))
  t.equal(it.incoming.length, MAX_OFFERS)
  t.equal(said(channel).filter(message => message.type === 'cancel' && message.reason === 'busy').length, 1_000 - MAX_OFFERS)
  for (let number = 0; number < 1_000; number++) channel.hear({ type: 'cancel', id: id(number) })
  t.equal(it.incoming.length, 0)
})

t.test('a flood of offers keeps out nobody else\'s', async t => {
  const { page: it, connect, said } = page(() => undefined)
  const [mallory, ada] = [connect('mallory'), connect('ada')]
  for (const channel of [mallory, ada]) channel.hear({ type: 'ready', known: [] })
  for (let number = 0; number < 100; number++) mallory.hear(offer(3, number))
  ada.hear(offer(3, 1_000))
  t.equal(it.incoming.length, MAX_OFFERS + 1)
  t.notOk(said(ada).some(({ type }) => type === 'cancel'))
})

t.test('a page that makes this one talk and never reads is cut off', async t => {
  const { connect } = page(() => undefined)
  const channel = connect()
  channel.hear({ type: 'ready', known: [] })
  for (let number = 0; number < 100_000 && channel.readyState === 'open'; number++) channel.hear(offer(3, number))
  t.equal(channel.readyState, 'closed')
})

t.test('a page that never reads gets no more than its channel holds, and one that stores nothing no more than the window', async t => {
  const { page: it, connect, said } = page()
  const channel = connect()
  channel.hear({ type: 'ready', known: [] })
  it.transfers.send([new File([new Uint8Array(20 * BLOCK)], 'a')])
  const [file] = it.outgoing
  channel.hear({ type: 'accept', id: file!.id, blocks: 0 })
  await quiet()
  t.ok(channel.bufferedAmount < 3 * BLOCK)
  const pieces: number[] = []
  const read = () => {
    for (let data = channel.take(); data !== undefined; data = channel.take()) if (typeof data !== 'string') pieces.push(data.length)
    return pieces.reduce((sum, length) => sum + length, 0)
  }
  while (read() < WINDOW * BLOCK) await new Promise(setImmediate)
  await quiet()
  t.equal(read(), WINDOW * BLOCK)
  for (const blocks of [WINDOW + 1, 21, 2 ** 53]) channel.hear({ type: 'have', id: file!.id, blocks })
  t.equal(file!.state.name, 'moving', 'nobody can have what was not sent')
  t.equal(file!.moved, 0)
  t.same(said(channel), [])
})

t.test('a file is sent only to a page that knows it, and received only from one that knows its key', async t => {
  const { page: it, connect, said } = page()
  const first = connect()
  first.hear({ type: 'ready', known: [] })
  first.hear(offer(3))
  it.transfers.send([new File(['secret'], 'secret.txt')])
  const [file] = it.outgoing
  const incoming = it.incoming[0]!
  await quiet()
  first.close()

  const stranger = connect()
  stranger.hear({ type: 'ready', known: [id(5)] })
  stranger.hear({ ...offer(3), key: id(6) })
  stranger.hear({ type: 'accept', id: file!.id, blocks: 0 })
  stranger.hear({ type: 'begin', id: id(1), blocks: 0 })
  stranger.hear(new Uint8Array(3))
  await quiet()
  t.same(said(stranger), [{ type: 'ready', known: [id(1)] }, { type: 'cancel', id: id(5), reason: 'unknown' }])
  t.equal(incoming.link, undefined)
  t.match(file!.state, { name: 'failed', reason: 'unknown' }, 'whoever comes instead does not get it')
})

t.test('what is said before both are ready, and nonsense, is ignored', async t => {
  const { page: it, connect, said } = page()
  const channel = connect()
  channel.hear(offer(3))
  channel.hear({ type: 'ready', known: [] })
  for (const nonsense of ['', '{', '[]', 'null', '"x"', {}, { type: 'offer' }, { ...offer(-1) }, { ...offer(2 ** 53) }, { ...offer(1.5) }, { ...offer(1), id: 'x' },
    { ...offer(1), name: 'x'.repeat(256) }, { type: 'accept', id: id(9), blocks: 0 }, { type: 'have', id: id(9), blocks: 1 }, { type: 'block', hash: 'x' },
    { type: 'block', hash: '0'.repeat(64) }, { type: 'ready', known: [id(3)] }, ' '.repeat(10_000) + JSON.stringify(offer(3))]) channel.hear(nonsense)
  await quiet()
  t.same(it.transfers.list, [])
  t.same(said(channel), [{ type: 'ready', known: [] }])
})

t.test('a receiver whose storage is full says so, and removes what it has', async t => {
  let discarded = false
  const { channel, file, said } = await receiving(3, {
    write: async () => { throw new DOMException('full', 'QuotaExceededError') },
    close: async () => undefined,
    discard: async () => { discarded = true }
  })
  channel.hear(new Uint8Array(3))
  channel.hear({ type: 'block', hash: sha256(new Uint8Array(3)).toString('hex') })
  await quiet()
  t.match(file.state, { name: 'failed', reason: 'storage' })
  t.same(said(channel).at(-1), { type: 'cancel', id: id(1), reason: 'storage' })
  t.ok(discarded)
})

t.test('a sender whose file is gone says so', async t => {
  const { page: it, connect, said } = page()
  const channel = connect()
  channel.hear({ type: 'ready', known: [] })
  const file = new File(['abc'], 'a')
  Object.assign(file, { slice: () => ({ arrayBuffer: async () => { throw new DOMException('gone', 'NotReadableError') } }) })
  it.transfers.send([file])
  channel.hear({ type: 'accept', id: it.outgoing[0]!.id, blocks: 0 })
  await quiet()
  t.match(it.outgoing[0]!.state, { name: 'failed', reason: 'unreadable', mine: true })
  t.match(said(channel).at(-1), { type: 'cancel', reason: 'unreadable' })
})

t.test('what was cancelled while the connection was lost is cancelled at the other side when it is back', async t => {
  const { channel, page: it, connect, said, file } = await receiving(3)
  channel.close()
  file.fail('stopped')
  const next = connect()
  next.hear({ type: 'ready', known: [] })
  next.hear(offer(3))
  await quiet()
  t.same(said(next), [{ type: 'ready', known: [id(1)] }, { type: 'cancel', id: id(1), reason: 'stopped' }])
  it.transfers.remove(file)
  t.same(it.transfers.list, [])
})
