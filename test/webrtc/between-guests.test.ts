import t from 'tap'
import { createNonce } from '../../clients/typescript/src/webrtc/sealing.js'
import { BetweenGuests } from './between-guests.js'
import { end } from './node-peers.js'

// A code of one digit, and a host that gives each of two guests a key of its own as the other's.
/** @returns whether the two saw the same code */
type Play = (he: BetweenGuests) => Promise<boolean>

/** Sits in between, and hopes. */
const hope: Play = async he => {
  const line = await he.hello()
  await he.offer()
  await he.answer(line)
  return await he.connect(he.own, he.other)
}

/** Is several people to Anna, and goes on only as the one whose code is going to be Ben's. */
const choose: Play = async he => {
  for (const id of [undefined, ...(await Promise.all([1, 2, 3].map(async () => await he.anna.another('host')))).map(({ id }) => id)]) await he.hello(id)
  await he.offer()
  const code = await he.benCode()
  for (const line of he.toAnna) if (await he.annaCode(line) === code) await he.answer(line)
  return await he.connect(he.own, he.other)
}

/** Leaves the two their certificates: only the keys are his. */
const passOn: Play = async he => {
  const annas = await he.hello(undefined, he.toBen.commitment)
  await he.offer(annas.fingerprint, annas.random)
  await he.answer(annas, he.toBen.opening, he.toBen.fingerprint)
  return await he.connect(annas.fingerprint!, he.toBen.fingerprint!)
}

/** Opens his commitment otherwise, once he knows which code it should be. */
const search: Play = async he => {
  const line = await he.hello()
  await he.offer()
  const code = await he.benCode()
  let opening = line.committed
  while (await he.annaCode(line, opening) !== code) opening = createNonce()
  await he.answer(line, opening)
  return await he.connect(he.own, he.other)
}

/** One in ten, and what chance adds to that less often than once in ten thousand runs of this test. */
const most = (tries: number) => tries / 10 + 5 * Math.sqrt(tries * 0.09)

const total = { tries: 0, right: 0 }
for (const [name, play, runs] of [
  ['hopes', hope, 250],
  ['goes on only where the codes will be equal', choose, 60],
  ['gives only his own keys', passOn, 250],
  ['searches an opening', search, 60]
] as [string, Play, number][]) {
  t.test(`a host who sits between two guests and ${name} is right in at most one try in ten`, async t => {
    let [tries, right] = [0, 0]
    for (let run = 0; run < runs; run++) {
      const he = await BetweenGuests.begin()
      if (await play(he)) right++
      he.end()
      tries += he.tries
    }
    t.comment(`right ${right} times in ${tries} tries`)
    t.ok(tries >= runs, 'each time, there was a code to hope for')
    t.ok(right <= most(tries), `${right} of ${tries}`)
    total.tries += tries
    total.right += right
  })
}

t.test('he had hundreds of tries, and a chance', async t => {
  t.ok(total.tries >= 500)
  t.ok(total.right >= 10, `he does get between the two, ${total.right} times`)
})

end(t)
