import fc from 'fast-check'
import t from 'tap'
import { advance, type Box } from '../../../src/store/lmdb/box.js'
import { Lag } from '../../../src/store/lmdb/lag.js'

interface Known {
  last: number
  bytes: number
  places: number[]
  from: number
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('store' as const), drop: fc.constantFrom('a', 'b', 'c', 'd'), bytes: fc.nat(9) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('write' as const), drop: fc.constantFrom('a', 'b', 'c', 'd') }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('commit' as const) }) },
  fc.record({ do: fc.constant('abort' as const) })
)

t.test('it knows what was flushed, whatever a transaction does, and where records begin to lag', async () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 200, size: 'max' }), steps => {
    const lag = new Lag()
    let flushed = new Map<string, Known>()
    let now = new Map<string, Known>()
    let place = 0
    for (const step of steps) {
      if (step.do === 'store') {
        const known = now.get(step.drop)
        const box = lag.box(step.drop) ?? emptyBox()
        advance(box, ++place, step.bytes, 0)
        lag.grow(step.drop, box, place, step.bytes)
        const { last, bytes, places, from } = known ?? { last: 0, bytes: 0, places: [], from: place }
        now.set(step.drop, { last: last + 1, bytes: bytes + step.bytes, places: last % 32 === 0 ? [place] : [...places, place], from })
      } else if (step.do === 'write') {
        lag.catchUp(step.drop)
        now.delete(step.drop)
      } else if (step.do === 'commit') {
        lag.commit()
        flushed = new Map(now)
      } else {
        lag.abort()
        now = new Map(flushed)
      }

      equal(lag.from(), now.size === 0 ? undefined : Math.min(...[...now.values()].map(({ from }) => from)))
      for (const drop of ['a', 'b', 'c', 'd']) {
        const box = lag.flushed(drop)
        const known = flushed.get(drop)
        equal(box?.last, known?.last)
        equal(box?.bytes, known?.bytes)
        // Those after its last are of a transaction under way.
        equal(box?.places.slice(0, known?.places.length).join(), known?.places.join())
        equal(lag.isCatchingUp(drop), known !== undefined && now.get(drop)?.from !== known.from)
      }
    }
    lag.abort()
    for (const [drop, { places }] of flushed) equal(lag.box(drop)?.places.join(), places.join())
  }))
})

t.test('a box that lags by more than 8 MiB is overdue, and so are all that lag longer', async t => {
  const lag = new Lag()
  const store = (drop: string, place: number, bytes: number): void => { lag.grow(drop, lag.box(drop) ?? emptyBox(), place, bytes) }
  store('a', 1, 10)
  store('b', 2, 10)
  store('c', 3, 8 * 1024 * 1024 - 2 * 1024)
  t.strictSame(lag.overdue(), [])
  store('c', 4, 1024)
  t.strictSame(lag.overdue().map(([drop]) => drop), ['a'])
  store('c', 5, 1)
  t.strictSame(lag.overdue().map(([drop]) => drop), ['a', 'b'], 'the smallest message counts too')
  lag.catchUp('a')
  store('a', 6, 1)
  t.strictSame(lag.overdue().map(([drop]) => drop), ['b', 'c'], 'what has caught up comes last')
})

function emptyBox (): Box {
  return { ttl: 1, deadline: 1, listed: 1, front: 0, last: 0, bytes: 0, cost: 0, keys: 0, holder: '', born: 0, keep: 0, oldest: 0, places: [] }
}

function equal (found: unknown, wanted: unknown): void {
  if (!Object.is(found, wanted)) throw new Error(`${String(found)} where ${String(wanted)} is wanted`)
}
