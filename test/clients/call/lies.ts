import t, { type Test } from 'tap'
import { patience } from '../../helpers/patience.js'
import { each, foreign, lies, replacements } from '../../webrtc/server-lies.js'
import { serve, type Lie } from '../../webrtc/serve.js'
import { stunServer } from '../../webrtc/stun-server.js'
import { end } from '../../webrtc/node-peers.js'
import { libraries } from './libraries.js'
import type { Program } from './programs.js'

/** Only a lie that leaves a side alone should make it give up. */
const timings = (expected: string[]) => {
  const answer = expected.includes('CALL_ERR_NO_PEER') ? 3_000 : patience
  return { answer, ice: answer, close: 50 }
}
/* What is met instead if a candidate follows the description in a message of its own. */
const followed: Record<string, string> = {
  'drops the offer': 'CALL_ERR_ORDER',
  'drops the answer': 'CALL_ERR_ORDER',
  'reflects the answer as if it came from the host': 'CALL_ERR_REPLAYED'
}

let calls = 0

/**
 * Lets two sides of a program try to find each other through this server.
 * @param expected the codes of which one of them should meet one
 * @returns the codes that both sides met, and whether they connected
 */
async function attempt (t: Test, program: Program, lie: Lie, expected: string[] = []): Promise<{ codes: string[], connected: boolean }> {
  const { url: server } = await serve(t, { lie, ice: { urls: [await stunServer(t)] } })
  const [host, guest] = [`host ${++calls}`, `guest ${calls}`]
  const { invite } = await program.call('host', { name: host, server, timings: timings(expected) })
  await program.call('join', { name: guest, invite, timings: timings(expected) })
  const met = expected.length === 0
    ? [program.event(host, { event: 'peer' })]
    : expected.flatMap(code => [program.event(host, { event: 'refused', code }), program.event(guest, { event: 'end', code })])
  // If nothing comes, the caller finds no code.
  await Promise.any(met).catch(() => {})
  const said = [...program.events(host), ...program.events(guest)]
  await Promise.all([host, guest].map(async name => await program.call('close', { name })))
  return {
    codes: said.flatMap(({ event, code }) => ['refused', 'end'].includes(event) && typeof code === 'string' ? [code] : []),
    connected: said.some(({ event }) => event === 'peer')
  }
}

for (const [language, library] of Object.entries(libraries)) {
  t.test(language, { jobs: 4, buffered: true }, async t => {
    const program = library(t)

    for (const [what, [lie, expected]] of Object.entries(lies)) {
      t.test(`a server that ${what} connects nobody, and is named`, async t => {
        const allowed = [expected, followed[what] ?? expected]
        const { codes, connected } = await attempt(t, program, lie(), allowed)
        t.notOk(connected)
        t.ok(codes.some(code => allowed.includes(code)), `${expected} among ${codes.join()}`)
      })
    }

    for (const [what, is, kind] of replacements) {
      t.test(`a server that stores ${what} connects nobody, and is named`, async t => {
        const message = (await foreign(t))[kind]
        for (const [expected, stored] of [['CALL_ERR_FOREIGN', () => message], ['CALL_ERR_KEY', (to: string) => ({ ...message, to })]] as const) {
          const { codes, connected } = await attempt(t, program, each(is, ({ to }) => [{ to, message: stored(to) }])(), [expected])
          t.notOk(connected)
          t.ok(codes.includes(expected), `${expected} among ${codes.join()}`)
        }
      })
    }

    t.test('an honest server connects the two, in the same way', async t => {
      const { codes, connected } = await attempt(t, program, () => undefined)
      t.ok(connected)
      t.strictSame(codes, [])
    })
  })
}

end(t)
