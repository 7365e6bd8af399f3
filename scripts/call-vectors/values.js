/* The numbers of values. Each vector is what arrives in one conversation that is connected, and what a side makes of it. */

const format = { code: 'CALL_ERR_FORMAT' }
const both = (why, messages, outcome) => [
  { why, over: 'boxes', messages: messages.map(message => [message]), ...outcome },
  { why, over: 'connection', messages: messages.map(message => ({ type: 'signal', ...message })), ...outcome }
]
const seen = (why, members, outcome) => ({ why, over: 'connection', messages: [{ type: 'seen', ...members }], ...outcome })

/** `taken` are the numbers of the values that count, null for one without a number. */
export const values = [
  ...both('in order', [{ seq: 1 }, { seq: 2 }, { seq: 3 }], { taken: [1, 2, 3] }),
  ...both('one that has already arrived', [{ seq: 1 }, { seq: 2 }, { seq: 1 }, { seq: 2 }, { seq: 3 }], { taken: [1, 2, 3] }),
  ...both('0, which is before the first', [{ seq: 0 }, { seq: 1 }], { taken: [1] }),
  ...both('a gap', [{ seq: 1 }, { seq: 3 }], { taken: [1], code: 'CALL_ERR_ORDER' }),
  ...both('a gap at the beginning', [{ seq: 2 }], { taken: [], code: 'CALL_ERR_ORDER' }),
  ...both('the largest number', [{ seq: 2 ** 53 - 1 }], { taken: [], code: 'CALL_ERR_ORDER' }),
  ...[2 ** 53, -1, 1.5, '1', true, null, [1]].flatMap(seq => both(`${JSON.stringify(seq)}, which is no number of a value`, [{ seq }], { taken: [], ...format })),
  { why: 'a batch', over: 'boxes', messages: [[{ seq: 1 }, { seq: 2 }], [], [{ seq: 2 }, { seq: 3 }]], taken: [1, 2, 3] },
  { why: 'without a number', over: 'boxes', messages: [[{}, { seq: 1 }, {}, {}], [{ seq: 2 }]], taken: [null, 1, null, null, 2] },
  { why: 'without a number', over: 'connection', messages: [{ type: 'signal' }], taken: [], ...format },
  { why: 'types that are not known', over: 'connection', messages: [{ type: 'new', seq: 5 }, { type: '' }, { type: 'signal', seq: 1 }], taken: [1] },
  seen('nothing has been sent, and nothing was seen', { seq: 0 }, { taken: [] }),
  seen('seen that has not been sent', { seq: 1 }, { taken: [], ...format }),
  ...[-1, 0.5, '0', null].map(seq => seen(`${JSON.stringify(seq)}, which is no number`, { seq }, { taken: [], ...format })),
  seen('seen without a number', {}, { taken: [], ...format })
]
