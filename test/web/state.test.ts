import fc from 'fast-check'
import t from 'tap'
import { isOpen, next, type CallEvent, type State } from '../../src/web/state.js'
import { breakText, inSentences, startScreenText, noticeOf, spokenText, statusOf, titleOfPage } from '../../src/web/texts.js'

type Broken = Extract<State, { name: 'reconnecting' }>

const invite = 'https://box.example/#v=1'
const after = (events: CallEvent[], state: State) => events.reduce(next, state)
const host: State = { name: 'ready', role: 'host' }
const guest: State = { name: 'ready', role: 'guest' }

t.test('a host waits with its invite until somebody comes', async t => {
  const waiting = after([{ type: 'begin', role: 'host' }, { type: 'opened', invite }], host)
  t.same(waiting, { name: 'waiting', role: 'host', invite })
  t.same(after([{ type: 'peerFound' }, { type: 'connected', code: '123456' }], waiting), { name: 'connected', role: 'host', code: '123456', invite })
})

t.test('a host whose guest leaves waits again, with the same invite', async t => {
  const state = after([{ type: 'begin', role: 'host' }, { type: 'opened', invite }, { type: 'connected', code: '123456' }, { type: 'peerGone', notice: 'left' }], host)
  t.same(state, { name: 'waiting', role: 'host', invite, notice: 'left' })
  t.match(noticeOf(state)?.text, /left.*still works/)
})

t.test('a host hears why somebody could not be connected', async t => {
  const state = after([{ type: 'begin', role: 'host' }, { type: 'opened', invite }, { type: 'peerFound' }, { type: 'peerFailed', failure: 'relay' }], host)
  t.match(noticeOf(state)?.text, /TURN/)
})

t.test('a call is over for the guest when the host leaves', async t => {
  const state = after([{ type: 'begin', role: 'guest' }, { type: 'peerFound' }, { type: 'connected', code: '123456' }, { type: 'peerGone', notice: 'left' }], guest)
  t.same(state, { name: 'left', role: 'guest', who: 'other' })
})

t.test('a person with a name leaves by that name, which belongs to one connection', async t => {
  const connected: CallEvent[] = [{ type: 'opened', invite }, { type: 'peerFound' }, { type: 'connected', code: '123456' }]
  const named: CallEvent[] = [...connected, { type: 'named', person: 'Ada' }, { type: 'named', person: 'Eve' }]
  const met = after([{ type: 'begin', role: 'host' }, ...named], host)
  t.match(met, { name: 'connected', person: 'Ada' }, 'the first name counts')
  t.equal(titleOfPage(met, false), 'Ada · signalbox')
  const left = next(met, { type: 'peerGone', notice: 'left' })
  t.equal(noticeOf(left)?.text, 'Ada left. The link still works.')
  t.equal(noticeOf(next(met, { type: 'peerGone', notice: 'lost' }))?.text, 'The connection to Ada was lost. The link still works.')
  t.notMatch(after(connected.slice(1), left), { person: 'Ada' })
  t.equal(statusOf(after([{ type: 'begin', role: 'guest' }, ...named, { type: 'peerGone', notice: 'left' }], guest)), 'Ada left')
})

t.test('the title tells who has come while nobody was looking', async t => {
  const connected = after([{ type: 'begin', role: 'host' }, { type: 'connected', code: '123456' }], host)
  t.equal(titleOfPage(connected, true), '● Someone is here · signalbox')
  t.equal(titleOfPage(next(connected, { type: 'named', person: 'Ada' }), true), '● Ada is here · signalbox')
  t.equal(titleOfPage(next(connected, { type: 'peerGone', notice: 'left' }), true), 'Waiting for the other person · signalbox')
})

t.test('a connection that breaks and mends keeps the code', async t => {
  const connected = after([{ type: 'begin', role: 'guest' }, { type: 'opened' }, { type: 'connected', code: '123456' }], guest)
  const broken = next(connected, { type: 'interrupted' })
  t.same(broken, { ...connected, name: 'reconnecting' })
  t.same(next(broken, { type: 'recovered' }), connected)
})

t.test('a guest that gives up its connection joins again, with a new code', async t => {
  const connected = after([{ type: 'begin', role: 'guest' }, { type: 'opened' }, { type: 'connected', code: '123456' }], guest)
  const broken = next(connected, { type: 'interrupted' })
  const rejoining = next(broken, { type: 'interrupted', rejoining: true })
  t.same(rejoining, { ...broken, rejoining: true })
  t.same(next(connected, { type: 'interrupted', rejoining: true }), rejoining)
  t.same(next(rejoining, { type: 'recovered' }), rejoining, 'the connection that it gave up does not come back')
  t.same(next(rejoining, { type: 'connected', code: '654321' }), { ...connected, code: '654321' })
  t.not(breakText(broken as Broken, true), breakText(rejoining as Broken, true))
  t.match(breakText(broken as Broken, false), /offline/)
})

t.test('what is read out together is a sentence each', async t => {
  const broken = after([{ type: 'begin', role: 'guest' }, { type: 'opened' }, { type: 'connected', code: '123456' }, { type: 'interrupted' }], guest)
  t.equal(inSentences(spokenText(broken)), 'Reconnecting… The connection is interrupted. Trying to restore it…')
  t.equal(inSentences(['Connected', 'You are talking to Ada']), 'Connected. You are talking to Ada')
})

t.test('who waits for a silent server hears how often it was tried', async t => {
  const silent = (failures: number) => noticeOf(after([{ type: 'begin', role: 'host' }, { type: 'serverSilent', failures }], host))?.text
  t.match(silent(0), /^The server has not answered yet\. Check/)
  t.match(silent(1), /^The server could not be reached \(1 attempt\)\. Check/)
  t.match(silent(3), /^The server could not be reached \(3 attempts\)\. Check/)
})

t.test('who was told that the call is full can start one', async t => {
  const state = after([{ type: 'begin', role: 'guest' }, { type: 'opened' }, { type: 'fail', failure: 'full' }], guest)
  t.same(startScreenText(state as Extract<State, { name: 'failed' }>).actions, ['again', 'start'])
  t.same(next(state, { type: 'begin', role: 'host' }), { name: 'opening', role: 'host' })
})

const role = fc.constantFrom('host' as const, 'guest' as const)
const failure = fc.constantFrom('gone' as const, 'lost' as const, 'path' as const)
const event: fc.Arbitrary<CallEvent> = fc.oneof(
  fc.record({ type: fc.constant('begin' as const), role }),
  fc.constant<CallEvent>({ type: 'opened', invite }),
  fc.constantFrom<CallEvent>({ type: 'named', person: 'Ada' }, { type: 'peerFound' }, { type: 'interrupted' }, { type: 'interrupted', rejoining: true }, { type: 'recovered' }, { type: 'leave' }),
  fc.record({ type: fc.constantFrom('peerFailed' as const, 'fail' as const), failure }),
  fc.record({ type: fc.constant('peerGone' as const), notice: fc.oneof(fc.constant('left' as const), failure) }),
  fc.record({ type: fc.constant('connected' as const), code: fc.stringMatching(/^\d{6}$/) })
)

t.test('whatever happens in whatever order, the page has words for it', async t => {
  fc.assert(fc.property(role, fc.array(event, { maxLength: 30 }), (role, events) => {
    let state: State = { name: 'ready', role }
    for (const event of events) {
      const before = state
      state = next(before, event)
      if (statusOf(state) === '') return false
      if (state.name === 'ready' || state.name === 'left' || state.name === 'failed') {
        if (startScreenText(state).title === '' || startScreenText(state).actions.length === 0) return false
      }
      // Nobody comes into a call by something that came too late.
      if (isOpen(state) && !isOpen(before) && event.type !== 'begin') return false
      // A code belongs to a connection, and only there is it shown.
      if ('code' in state !== (state.name === 'connected' || state.name === 'reconnecting')) return false
      if (event.type === 'leave' && isOpen(state)) return false
    }
    return true
  }), { numRuns: 2_000 })
  t.pass()
})
