import t from 'tap'
import { BusyError, StoreError } from '../../src/errors.js'
import { meterStore } from '../../src/server/metered-store.js'
import { memoryStore } from '../../src/store/memory.js'

const DROP = 'drop_00000000000000000000000000000000'
const limits = { maxMessages: 1, maxBoxBytes: 100 }

function metered () {
  const store = memoryStore()
  const seen: string[] = []
  let waiting = 0
  const meter = meterStore(store, {
    observe: (operation, outcome, seconds) => { seen.push(`${operation} ${outcome}${seconds >= 0 && seconds < 5 ? '' : ' ?'}`) },
    waiting: change => { waiting += change }
  })
  return { store, meter, seen, waiting: () => waiting }
}

t.test('each operation is passed on unchanged and reported with its outcome', async t => {
  const { meter, seen } = metered()
  t.equal(meter.name, 'memory')
  await meter.create(DROP, 1000, 0, limits)
  t.same(await meter.append(DROP, { text: '1', bytes: 1 }, 0, limits), { seq: 1, count: 1 })
  await t.rejects(meter.append(DROP, { text: '2', bytes: 1 }, 0, limits), { code: 'BOX_ERR_FULL' })
  t.same((await meter.read(DROP, 0, 10, 0)).texts, ['1'])
  t.equal(await meter.acknowledge(DROP, 1, 0), 0)
  t.match(await meter.drain(DROP, 0), { texts: [] })
  await meter.delete(DROP, 0)
  t.equal(await meter.sweep(0), 0)
  await meter.check()
  t.same(seen, ['create ok', 'append ok', 'append refused', 'read ok', 'acknowledge ok', 'drain ok', 'delete ok', 'sweep ok', 'check ok'])
})

t.test('a store that does not respond, has too much to do, or throws, counts as failed', async t => {
  const { store, meter, seen } = metered()
  store.check = async () => { throw new StoreError() }
  await t.rejects(meter.check(), { code: 'BOX_ERR_STORE' })
  store.check = async () => { throw new BusyError() }
  await t.rejects(meter.check(), { code: 'BOX_ERR_BUSY' })
  store.check = async () => { throw new TypeError('broken') }
  await t.rejects(meter.check(), TypeError)
  t.same(seen, ['check failed', 'check failed', 'check failed'])
})

t.test('a full store is told from a full box', async t => {
  const { meter, seen } = metered()
  await t.rejects(meter.create(DROP, 1000, 0, { ...limits, maxStoreBytes: 1 }), { code: 'BOX_ERR_STORE_FULL' })
  t.same(seen, ['create full'])
})

t.test('waiting readers are counted while they wait', async t => {
  const { meter, waiting } = metered()
  const leave = await Promise.all([meter.subscribe(DROP, () => {}), meter.subscribe(DROP, () => {})])
  t.equal(waiting(), 2)
  for (const unsubscribe of leave) unsubscribe()
  t.equal(waiting(), 0)
})
