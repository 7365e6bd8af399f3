/* How a conversation ends: what a side says for each reason, and what the other side makes of it. */

const shared = ['CALL_ERR_FULL', 'CALL_ERR_ATTEMPTS', 'CALL_ERR_USED_UP', 'CALL_ERR_TOO_LARGE', 'CALL_ERR_DESCRIPTION', 'CALL_ERR_LOST',
  'CALL_ERR_NO_PATH', 'CALL_ERR_NO_PATH_WITH_TURN', 'CALL_ERR_GONE', 'CALL_ERR_SERVER']
const own = ['CALL_ERR_INVITE', 'CALL_ERR_INVITE_VERSION', 'CALL_ERR_KEY', 'CALL_ERR_NO_PEER', 'CALL_ERR_UNVERIFIED', 'CALL_ERR_CLOSED', 'CALL_ERR_FORMAT',
  'CALL_ERR_VERSION', 'CALL_ERR_CHANGED', 'CALL_ERR_REPLAYED', 'CALL_ERR_ORDER', 'CALL_ERR_REFLECTED', 'CALL_ERR_FOREIGN', 'CALL_ERR_FINGERPRINT']
const closed = 'CALL_ERR_CLOSED'
const piece = { piece: Buffer.from('[{"seq":1').toString('base64url'), more: true }

/** What is said: `null` is the reason of whoever leaves. */
const said = [
  { reason: null, boxes: null, connection: { type: 'end' } },
  ...[...shared.map(code => [code, code]), ...own.map(code => [code, closed])]
    .map(([reason, ended]) => ({ reason, boxes: { ended }, connection: { type: 'end', ended } }))
]

/** What arrives that is no text of a known code. */
const odd = [
  ['a code that is not told', 'CALL_ERR_FORMAT'],
  ['an unknown code', 'CALL_ERR_NEW'],
  ['no code', 'goodbye'],
  ['a number', 5],
  ['null', null]
]

/** @param connected whether there is a connection already; without the member, that changes nothing */
const heard = [
  { why: 'leaving before there is a connection', over: 'boxes', connected: false, messages: [null], reported: closed },
  { why: 'leaving', over: 'boxes', connected: true, messages: [null], reported: null },
  { why: 'leaving', over: 'connection', connected: true, messages: [{ type: 'end' }], reported: null },
  ...shared.filter(code => !/GONE|SERVER/.test(code)).map(ended => ({ why: ended, over: 'boxes', messages: [{ ended }], reported: ended })),
  ...['CALL_ERR_GONE', 'CALL_ERR_SERVER'].flatMap(ended => [
    { why: `${ended} before there is a connection`, over: 'boxes', connected: false, messages: [{ ended }], reported: ended },
    { why: `${ended} of boxes that a connection outlives`, over: 'boxes', connected: true, messages: [{ ended }], continues: true }
  ]),
  ...shared.map(ended => ({ why: ended, over: 'connection', connected: true, messages: [{ type: 'end', ended }], reported: ended })),
  ...odd.flatMap(([why, ended]) => [
    { why, over: 'boxes', messages: [{ ended }], reported: closed },
    { why, over: 'connection', connected: true, messages: [{ type: 'end', ended }], reported: closed }
  ]),
  { why: 'unknown members', over: 'boxes', messages: [{ ended: 'CALL_ERR_LOST', more: 1 }], reported: 'CALL_ERR_LOST' },
  { why: 'between two parts', over: 'boxes', connected: true, messages: [piece, null], reported: null },
  { why: 'a reason between two parts', over: 'boxes', messages: [piece, { ended: 'CALL_ERR_LOST' }], reported: 'CALL_ERR_LOST' },
  { why: 'a reason after a gap', over: 'boxes', missing: 1, messages: [{ ended: 'CALL_ERR_TOO_LARGE' }], reported: 'CALL_ERR_TOO_LARGE' },
  { why: 'an unknown code after a gap', over: 'boxes', missing: 2, messages: [{ ended: 5 }], reported: closed },
  { why: 'leaving after a gap', over: 'boxes', missing: 1, messages: [null], reported: 'CALL_ERR_ORDER' },
  { why: 'values after a gap', over: 'boxes', missing: 1, messages: [[{ seq: 1 }]], reported: 'CALL_ERR_ORDER' }
]

export const endings = { said, heard }
