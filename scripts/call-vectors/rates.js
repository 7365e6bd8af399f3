/* What a side refuses, and when. Each vector is what happens at which time, from a side that has just begun. */

const full = { code: 'CALL_ERR_FULL' }
const texts = (why, steps, outcome = {}) => ({ why, steps: steps.map(([at, messages]) => ({ at, messages })), ...outcome })

/** Messages on the control channel, at so many ms. With a `code`, the very last message is refused. */
const control = [
  texts('600 at once', [[0, 600]]),
  texts('601 at once', [[0, 601]], full),
  texts('10 a second later', [[0, 600], [1_000, 10]]),
  texts('11 a second later', [[0, 600], [1_000, 11]], full),
  texts('5 after half a second', [[0, 600], [500, 5]]),
  texts('6 after half a second', [[0, 600], [500, 6]], full),
  texts('10 in every second', [[0, 600], [1_000, 10], [2_000, 10], [3_000, 10], [4_000, 10]]),
  texts('one more in the last of several seconds', [[0, 600], [1_000, 10], [2_000, 10], [3_000, 11]], full),
  texts('300 after half a minute', [[0, 600], [30_000, 300]]),
  texts('301 after half a minute', [[0, 600], [30_000, 301]], full),
  texts('600 after an hour', [[0, 600], [3_600_000, 600]]),
  texts('601 after an hour', [[0, 600], [3_600_000, 601]], full)
]

const begin = (at, times, then) => ({ at, begin: times, then })
const end = (at, times, as) => ({ at, end: times, as })

/** So many attempts whose codes could be compared, as many as possible at a time. */
function compared (times) {
  const steps = []
  for (let done = 0, more; done < times; done += more) {
    more = Math.min(times - done, Math.ceil(8 - done / 16))
    steps.push(begin(0, more, 'begin'), end(0, more, 'compared'))
  }
  return steps
}

/**
 * Attempts to join, at so many seconds: whether so many more `begin`, `wait` or are `refused`. Those that wait are given up
 * before the next step. So many of those under way `end`.
 */
const attempts = [
  {
    why: 'eight fail, and one is forgotten every ten minutes',
    steps: [
      begin(0, 8, 'begin'), begin(0, 1, 'wait'), end(0, 7, 'failed'), begin(0, 1, 'wait'), end(0, 1, 'failed'), begin(0, 1, 'refused'), begin(599, 1, 'refused'),
      begin(600, 1, 'begin'), begin(600, 1, 'wait'), end(600, 1, 'failed'), begin(600, 1, 'refused'), begin(1_199, 1, 'refused'), begin(1_200, 1, 'begin')
    ]
  },
  {
    why: 'a code that could be compared counts a sixteenth',
    steps: [
      ...compared(127), begin(0, 1, 'begin'), begin(0, 1, 'wait'), end(0, 1, 'compared'), begin(0, 1, 'refused'),
      begin(599, 1, 'refused'), begin(600, 1, 'begin'), begin(600, 1, 'wait')
    ]
  },
  { why: 'without an offer, an attempt counts nothing', steps: [begin(0, 8, 'begin'), end(0, 8, 'free'), begin(0, 8, 'begin'), begin(0, 1, 'wait'), end(0, 1, 'free'), begin(0, 1, 'begin')] },
  { why: 'as many are under way as may still fail', steps: [begin(0, 6, 'begin'), end(0, 6, 'failed'), begin(0, 2, 'begin'), begin(0, 1, 'wait'), end(0, 1, 'free'), begin(0, 1, 'begin'), begin(0, 1, 'wait')] },
  { why: 'three are forgotten in half an hour', steps: [begin(0, 8, 'begin'), end(0, 8, 'failed'), begin(1_800, 3, 'begin'), begin(1_800, 1, 'wait')] },
  {
    why: 'the ten minutes count from the first failure',
    steps: [
      begin(0, 1, 'begin'), end(0, 1, 'failed'), begin(300, 1, 'begin'), end(300, 1, 'failed'), begin(599, 6, 'begin'), begin(599, 1, 'wait'), begin(600, 1, 'begin'),
      begin(600, 1, 'wait'), end(600, 7, 'free'), begin(1_199, 7, 'begin'), begin(1_199, 1, 'wait'), begin(1_200, 1, 'begin'), begin(1_200, 1, 'wait')
    ]
  },
  {
    why: 'once none is left, the next failure is a first one',
    steps: [begin(0, 1, 'begin'), end(0, 1, 'failed'), begin(1_000, 8, 'begin'), end(1_000, 8, 'failed'), begin(1_599, 1, 'refused'), begin(1_600, 1, 'begin')]
  }
]

const relay = (at, from, to, size, times, passed) => ({ at, from, to, size, times, passed })

/** What the host passes on between guests, at so many ms: of so many messages, each of this size once it leaves the host, how many. */
const relayed = [
  { why: '100 units at once, then one a second', guests: 3, steps: [relay(0, 1, 0, 400, 101, 100), relay(0, 1, 0, 8_192, 1, 0), relay(0, 1, 2, 400, 1, 1), relay(1_000, 1, 0, 8_192, 2, 1)] },
  { why: 'a byte more than a unit counts as two', guests: 2, steps: [relay(0, 0, 1, 8_193, 51, 50)] },
  { why: 'the largest message, and one that is larger', guests: 2, steps: [relay(0, 0, 1, 524_289, 1, 0), relay(0, 0, 1, 524_288, 1, 1), relay(0, 0, 1, 8_192, 37, 36)] },
  {
    why: '400 units at once from all others together, then four a second',
    guests: 6,
    steps: [...[1, 2, 3, 4].map(from => relay(0, from, 0, 400, 100, 100)), relay(0, 5, 0, 400, 1, 0), relay(0, 5, 1, 400, 1, 1), relay(1_000, 5, 0, 400, 5, 4)]
  }
]

export const rates = { control, attempts, relayed }
