/*
 * Time limits, in ms after the hello or the offer. Each vector is what happens to a side, when it ends the conversation by
 * itself, if it does. Without `ends`, it is still there after an hour.
 */

const at = (at, event) => ({ at, event })
const noPeer = { code: 'CALL_ERR_NO_PEER' }
const noPath = { code: 'CALL_ERR_NO_PATH' }
const lost = { code: 'CALL_ERR_LOST' }
const connected = [at(1_000, 'description'), at(2_000, 'open')]

export const limits = [
  ...['host', 'guest'].map(role => ({ why: 'nothing arrives', role, steps: [], ends: { at: 30_000, ...noPeer } })),
  { why: 'each value restarts a guest’s limit', role: 'guest', steps: [at(20_000, 'value'), at(45_000, 'value')], ends: { at: 75_000, ...noPeer } },
  { why: 'no value restarts a host’s limit', role: 'host', steps: [at(20_000, 'value')], ends: { at: 30_000, ...noPeer } },
  ...['host', 'guest'].flatMap(role => [
    { why: 'no path after the first description', role, steps: [at(10_000, 'description')], ends: { at: 30_000, ...noPath } },
    { why: 'no path, although there is a TURN server', role, turn: true, steps: [at(10_000, 'description')], ends: { at: 30_000, code: 'CALL_ERR_NO_PATH_WITH_TURN' } },
    { why: 'values after the first description', role, steps: [at(10_000, 'description'), at(20_000, 'value')], ends: { at: 30_000, ...noPath } },
    { why: 'connected', role, steps: connected },
    { why: 'a short interruption', role, steps: [...connected, at(10_000, 'disconnected'), at(12_999, 'connected')] },
    { why: 'the data channel is closed', role, steps: [...connected, at(10_000, 'closed')], ends: { at: 11_000, ...lost } },
    { why: 'the data channel is closed, and then the end is heard', role, steps: [...connected, at(10_000, 'closed'), at(10_999, 'end')], ends: { at: 10_999, code: null } },
    { why: 'a path that is lost', role, steps: [...connected, at(10_000, 'disconnected')], ends: { at: 33_000, ...lost } },
    { why: 'a path that is restored', role, steps: [...connected, at(10_000, 'disconnected'), at(32_999, 'connected')] },
    { why: 'a path that fails', role, steps: [...connected, at(10_000, 'failed')], ends: { at: 30_000, ...lost } },
    { why: 'a path that fails once it was restored', role, steps: [...connected, at(10_000, 'disconnected'), at(20_000, 'connected'), at(40_000, 'failed')], ends: { at: 60_000, ...lost } }
  ])
]
