import fc from 'fast-check'
import t from 'tap'
import { hasCode, isOpen, next, peopleIn, type CallEvent, type Person, type State } from '../../../src/web/call/state.js'
import { breakText, comparison, leaveHint, startScreenText, noticeOf, spokenNews, spokenText, statusOf, titleOfPage } from '../../../src/web/call/texts.js'
import { inSentences } from '../../../src/web/ui/announcer.js'

const invite = 'https://box.example/#v=1'
const after = (events: CallEvent[], state: State) => events.reduce(next, state)
const host: State = { name: 'ready', role: 'host' }
const ada: Person = { id: 'ada', number: 2, code: '123456' }
const guest: State = { name: 'ready', role: 'guest' }

t.test('a host waits with its invite until somebody comes', async t => {
  const waiting = after([{ type: 'begin', role: 'host' }, { type: 'opened', invite }], host)
  t.same(waiting, { name: 'waiting', role: 'host', invite })
  t.same(after([{ type: 'peerFound' }, { type: 'connected', id: 'ada', code: '123456' }], waiting), { name: 'connected', role: 'host', invite, people: [ada] })
})

t.test('a code counts until its connection is given up', async t => {
  const connected: CallEvent[] = [{ type: 'begin', role: 'guest' }, { type: 'peerFound' }, { type: 'connected', id: 'ada', code: '123456' }]
  const codes = (...events: CallEvent[]) => peopleIn(after([...connected, ...events], guest)).filter(hasCode).map(({ code }) => code)
  t.same(codes({ type: 'interrupted', id: 'ada' }), ['123456'])
  t.same(codes({ type: 'interrupted', id: 'ada', rejoining: true }), [])
  t.same(codes({ type: 'interrupted', id: 'ada', rejoining: true }, { type: 'connected', id: 'ada', code: '777777', codeChanged: true }), ['777777'])
})

t.test('a host whose guest leaves waits again, with the same invite', async t => {
  const state = after([{ type: 'begin', role: 'host' }, { type: 'opened', invite }, { type: 'connected', id: 'ada', code: '123456' }, { type: 'peerGone', id: 'ada', notice: 'left' }], host)
  t.same(state, { name: 'waiting', role: 'host', invite, notice: 'left' })
  t.match(noticeOf(state)?.text, /left.*still works/)
})

t.test('a host hears why somebody could not be connected', async t => {
  const state = after([{ type: 'begin', role: 'host' }, { type: 'opened', invite }, { type: 'peerFound' }, { type: 'peerFailed', failure: 'relay' }], host)
  t.match(noticeOf(state)?.text, /TURN/)
})

t.test('a call is over for the guest when the host leaves', async t => {
  const state = after([{ type: 'begin', role: 'guest' }, { type: 'peerFound' }, { type: 'connected', id: 'ada', code: '123456' }, { type: 'peerGone', id: 'ada', notice: 'left' }], guest)
  t.same(state, { name: 'left', role: 'guest', who: 'other' })
})

t.test('a person with a name leaves by that name, which belongs to one connection', async t => {
  const connected: CallEvent[] = [{ type: 'opened', invite }, { type: 'peerFound' }, { type: 'connected', id: 'ada', code: '123456' }]
  const named: CallEvent[] = [...connected, { type: 'named', id: 'ada', person: 'Ada' }, { type: 'named', id: 'ada', person: 'Eve' }]
  const met = after([{ type: 'begin', role: 'host' }, ...named], host)
  t.match(met, { name: 'connected', people: [{ name: 'Ada' }] }, 'the first name counts')
  t.equal(titleOfPage(met, false), 'Ada · signalbox')
  const left = next(met, { type: 'peerGone', id: 'ada', notice: 'left' })
  t.equal(noticeOf(left)?.text, 'Ada left. The link still works.')
  t.equal(noticeOf(next(met, { type: 'peerGone', id: 'ada', notice: 'lost' }))?.text, 'The connection to Ada was lost. The link still works.')
  t.notMatch(after(connected.slice(1), left), { people: [{ name: 'Ada' }] })
  t.equal(statusOf(after([{ type: 'begin', role: 'guest' }, ...named, { type: 'peerGone', id: 'ada', notice: 'left' }], guest)), 'Ada left')
})

t.test('the title tells who has come while nobody was looking', async t => {
  const connected = after([{ type: 'begin', role: 'host' }, { type: 'connected', id: 'ada', code: '123456' }], host)
  t.equal(titleOfPage(connected, true), '● Someone is here · signalbox')
  t.equal(titleOfPage(next(connected, { type: 'named', id: 'ada', person: 'Ada' }), true), '● Ada is here · signalbox')
  t.equal(titleOfPage(next(connected, { type: 'peerGone', id: 'ada', notice: 'left' }), true), 'Waiting for someone to join · signalbox')
})

t.test('a connection that breaks and mends keeps the code', async t => {
  const connected = after([{ type: 'begin', role: 'guest' }, { type: 'opened' }, { type: 'connected', id: 'ada', code: '123456' }], guest)
  const broken = next(connected, { type: 'interrupted', id: 'ada' })
  t.same(broken, { ...connected, name: 'reconnecting', people: [{ ...ada, broken: 'interrupted' }] })
  t.same(next(broken, { type: 'recovered', id: 'ada' }), connected)
})

t.test('a guest that gives up its connection joins again, with a new code', async t => {
  const connected = after([{ type: 'begin', role: 'guest' }, { type: 'opened' }, { type: 'connected', id: 'ada', code: '123456' }], guest)
  const broken = next(connected, { type: 'interrupted', id: 'ada' })
  const rejoining = next(broken, { type: 'interrupted', id: 'ada', rejoining: true })
  t.same(rejoining, { ...broken, people: [{ ...ada, broken: 'rejoining' }] })
  t.same(next(connected, { type: 'interrupted', id: 'ada', rejoining: true }), rejoining)
  t.same(next(rejoining, { type: 'recovered', id: 'ada' }), rejoining, 'the connection that it gave up does not come back')
  t.same(next(rejoining, { type: 'connected', id: 'ada', code: '654321' }), { ...connected, people: [{ ...ada, code: '654321' }] })
  t.not(breakText('interrupted', true), breakText('rejoining', true))
  t.match(breakText('interrupted', false), /offline/)
})

t.test('what is read out together is a sentence each', async t => {
  const broken = after([{ type: 'begin', role: 'guest' }, { type: 'opened' }, { type: 'connected', id: 'ada', code: '123456' }, { type: 'interrupted', id: 'ada' }], guest)
  t.equal(inSentences(spokenText(broken)), 'Reconnecting… The connection is interrupted. Trying to restore it…')
  t.equal(inSentences(['Connected', 'You are talking to Ada']), 'Connected. You are talking to Ada')
})

t.test('who waits for a silent server hears how often it was tried', async t => {
  const silent = (failures: number) => noticeOf(after([{ type: 'begin', role: 'host' }, { type: 'serverSilent', failures }], host))?.text
  t.match(silent(0), /^The server has not answered yet\. Check/)
  t.match(silent(1), /^The server could not be reached \(1 attempt\)\. Check/)
  t.match(silent(3), /^The server could not be reached \(3 attempts\)\. Check/)
})

t.test('who waits with a link hears that the server is gone, and no longer once it is back', async t => {
  const waiting = after([{ type: 'begin', role: 'host' }, { type: 'opened', invite }, { type: 'connected', id: 'ada', code: '123456' }, { type: 'peerGone', id: 'ada', notice: 'left' }], host)
  t.equal(next(waiting, { type: 'serverSilent', failures: 0 }), waiting, 'it answers only when somebody comes')
  const silent = next(waiting, { type: 'serverSilent', failures: 2 })
  t.match(noticeOf(silent)?.text, /^The other person left\. The server could not be reached \(2 attempts\)\. Check/, 'and still why nobody is there')
  t.same(next(silent, { type: 'serverAnswered' }), waiting)
})

t.test('who was told that the call is full can start one', async t => {
  const state = after([{ type: 'begin', role: 'guest' }, { type: 'opened' }, { type: 'fail', failure: 'full' }], guest)
  t.same(startScreenText(state as Extract<State, { name: 'failed' }>).actions, ['again', 'start'])
  t.same(next(state, { type: 'begin', role: 'host' }), { name: 'opening', role: 'host' })
})

const several: CallEvent[] = [{ type: 'begin', role: 'host' }, { type: 'opened', invite }, { type: 'connected', id: 'ada', code: '123456' }, { type: 'named', id: 'ada', person: 'Ada' }, { type: 'connected', id: 'ben', code: '222222' }]

t.test('with several people, each has a code and a break of their own', async t => {
  const state = after([...several, { type: 'compared', id: 'ben' }, { type: 'interrupted', id: 'ada' }], host)
  t.match(state, { name: 'connected', people: [{ ...ada, broken: 'interrupted' }, { id: 'ben', number: 3, compared: true }] })
  t.notOk(peopleIn(state)[0]?.compared, "nobody is secured by another's code")
  t.equal(next(state, { type: 'interrupted', id: 'ben' }).name, 'reconnecting')
})

t.test('people are asked to compare one code after the other', async t => {
  const state = after(several, host)
  t.match(comparison(state), { id: 'ada', text: /^Compare 123 456 aloud with Ada\./ })
  const then = next(state, { type: 'compared', id: 'ada' })
  t.match(comparison(then), { id: 'ben', text: /^Compare 222 222 aloud with Person 3\./ })
  const done = next(then, { type: 'compared', id: 'ben' })
  t.equal(comparison(done), undefined)
  const digits = several.map(event => event.type === 'named' ? { ...event, person: '123 456' } : event)
  t.match(comparison(after(digits, host)), { before: 'Compare ', digits: '123 456', after: /^ aloud with 123 456\. If they match/ }, 'a name may look like the digits')
  t.match(comparison(next(done, { type: 'connected', id: 'ada', code: '777777', codeChanged: true })), { id: 'ada', text: /so is its code/ })
})

t.test('while a connection is broken, nobody else takes the place of the person whose code is next', async t => {
  const state = after([...several, { type: 'interrupted', id: 'ada' }], host)
  t.equal(comparison(state), undefined)
  t.match(comparison(next(state, { type: 'recovered', id: 'ada' })), { id: 'ada', code: '123456' })
  t.match(comparison(next(state, { type: 'peerGone', id: 'ada', notice: 'lost' })), { id: 'ben', code: '222222' })
  t.match(comparison(after([...several, { type: 'compared', id: 'ada' }, { type: 'interrupted', id: 'ada' }], host)), { id: 'ben' })
})

t.test('who comes to several people, or comes back, is named', async t => {
  const came = next(after(several, host), { type: 'connected', id: 'cleo', code: '333333', arrival: 'new' })
  t.match(noticeOf(came), { text: 'Person 4 joined.', brief: true })
  const named = next(came, { type: 'named', id: 'cleo', person: 'Cleo' })
  t.equal(noticeOf(named)?.text, 'Cleo joined.')
  t.equal(noticeOf(named)?.about, noticeOf(came)?.about, 'it is the same news')
  t.same(spokenNews(after(several, host), came), ['4 people'])
  t.same(spokenNews(came, named), ['Cleo is in the call'])
  t.equal(noticeOf(next(named, { type: 'peerGone', id: 'ben', notice: 'left' }))?.text, 'Person 3 left.')
  const broken = after([{ type: 'interrupted', id: 'cleo', rejoining: true }], named)
  t.match(noticeOf(next(broken, { type: 'connected', id: 'cleo', code: '444444' })), { text: 'Person 4 is back.' })
  const again = next(after(several, host), { type: 'connected', id: 'cleo', code: '333333', arrival: 'back' })
  t.equal(noticeOf(again)?.text, 'Person 4 is back.')
  t.ok(spokenNews(after(several, host), again).includes('Person 4 is back.'))
})

t.test('who is alone with somebody, or finds people in the call, is not told that they joined', async t => {
  t.equal(noticeOf(after([{ type: 'begin', role: 'host' }, { type: 'connected', id: 'ada', code: '123456', arrival: 'new' }], host)), undefined)
  t.equal(noticeOf(next(after(several, host), { type: 'connected', id: 'cleo', code: '333333' })), undefined)
})

t.test('screen readers say of several people who is broken off, and who is back', async t => {
  const state = after([...several, { type: 'named', id: 'ben', person: 'Ben' }], host)
  const broken = next(state, { type: 'interrupted', id: 'ben' })
  t.same(spokenNews(state, broken), ['The connection to Ben is interrupted'])
  t.same(spokenNews(broken, next(broken, { type: 'recovered', id: 'ben' })), ['The connection to Ben is back'])
})

t.test('of several people, nobody is blamed for a device that is offline', async t => {
  t.equal(breakText('interrupted', false, false), 'This device is offline')
  t.equal(breakText('interrupted', true, false), 'Reconnecting…')
})

t.test('no two people are called the same', async t => {
  const names = (...given: string[]) => {
    const people = given.map((_, index) => ({ type: 'connected' as const, id: `${index}`, code: '111111' }))
    return peopleIn(after([{ type: 'begin', role: 'host' }, ...people, ...given.map((person, index) => ({ type: 'named' as const, id: `${index}`, person }))], host)).map(({ name }) => name)
  }
  t.same(names('Ben', 'ben', 'Ben', 'Ben (2)'), ['Ben', 'ben (2)', 'Ben (3)', 'Ben (2) (2)'])
  t.same(names('Ben', 'Ben\u200d', 'Ben\ufe0f'), ['Ben', 'Ben\u200d (2)', 'Ben\ufe0f (3)'])
  t.same(names('Person 2', 'You', 'The other person'), ['Person 2 (2)', 'You (2)', 'The other person (2)'])
})

t.test('when one of several leaves, the others stay, and hear who it was', async t => {
  const state = next(after(several, host), { type: 'peerGone', id: 'ada', notice: 'left' })
  t.match(state, { name: 'connected', people: [{ id: 'ben', number: 3 }] })
  t.equal(noticeOf(state)?.text, 'Ada left.')
  t.equal(statusOf(state), 'Connected')
  t.match(next(state, { type: 'connected', id: 'eve', code: '333333' }), { people: [{ id: 'ben' }, { id: 'eve', number: 2 }] })
})

t.test('a host is told before it leaves what that means for several others', async t => {
  const state = after(several, host)
  t.match(leaveHint(state), /nobody else will be able to join/)
  t.equal(leaveHint({ ...state, role: 'guest' }), '')
  t.equal(leaveHint(next(state, { type: 'peerGone', id: 'ben', notice: 'left' })), '')
})

t.test('when the host leaves, its guests go on, and hear that nobody else can join', async t => {
  const state = next(after(several.map(event => event.type === 'begin' ? { ...event, role: 'guest' } : event), guest), { type: 'peerGone', id: 'ada', notice: 'left', host: true })
  t.equal(state.name, 'connected')
  t.equal(noticeOf(state)?.text, 'Ada left. You can go on talking, but nobody else can join.')
})

const role = fc.constantFrom('host' as const, 'guest' as const)
const failure = fc.constantFrom('gone' as const, 'lost' as const, 'path' as const)
const id = fc.constantFrom('ada', 'ben', 'eve')
const event: fc.Arbitrary<CallEvent> = fc.oneof(
  fc.record({ type: fc.constant('begin' as const), role }),
  fc.constant<CallEvent>({ type: 'opened', invite }),
  fc.constantFrom<CallEvent>({ type: 'peerFound' }, { type: 'leave' }, { type: 'serverSilent', failures: 1 }, { type: 'serverAnswered' }),
  fc.record({ type: fc.constantFrom('recovered' as const, 'compared' as const, 'interrupted' as const), id }),
  id.map(id => ({ type: 'interrupted' as const, id, rejoining: true as const })),
  fc.record({ type: fc.constant('named' as const), id, person: fc.constant('Ada') }),
  fc.record({ type: fc.constantFrom('peerFailed' as const, 'fail' as const), failure }),
  fc.record({ type: fc.constant('peerGone' as const), id, notice: fc.oneof(fc.constant('left' as const), failure) }),
  fc.record({ type: fc.constant('connected' as const), id, code: fc.stringMatching(/^\d{6}$/) })
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
      if ((peopleIn(state).length > 0) !== (state.name === 'connected' || state.name === 'reconnecting')) return false
      if (spokenText(state).length === 0) return false
      // Nobody is there twice, or goes by another's number.
      for (const key of ['id', 'number'] as const) if (new Set(peopleIn(state).map(person => person[key])).size !== peopleIn(state).length) return false
      if (event.type === 'leave' && isOpen(state)) return false
    }
    return true
  }), { numRuns: 2_000 })
  t.pass()
})
