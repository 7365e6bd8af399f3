import t, { type Test } from 'tap'
import { servePage } from '../helpers/call-page.js'
import { launch, needsChromium, soundAllowed } from '../helpers/chromium.js'
import { allMeet, gather, knock, noticed, others, receivedBy, say, watch, type Member } from '../helpers/crowd.js'
import { reaches, shows, tabsOfChromium } from '../helpers/tab.js'
import { tcpProxy } from '../helpers/tcp-proxy.js'

/* Thirty connections with sound and pictures take a machine of their own, so this runs at night. */

/** How long the server is gone, in s. */
const SERVER_GONE = 60

/** What came to each from each other in a time: the least of all. */
async function least (members: Member[], during: () => Promise<void>): Promise<string> {
  const all = async () => (await Promise.all(members.map(member => receivedBy(member, others(members, member))))).flat()
  const started = performance.now()
  const before = await all()
  await during()
  const after = await all()
  const seconds = (performance.now() - started) / 1_000
  const rate = (what: 'packets' | 'frames') => (Math.min(...after.map((now, pair) => now[what] - before[pair]![what])) / seconds).toFixed(1)
  return `${seconds.toFixed()} s, ${after.length} directions; the worst had ${rate('packets')} packets of sound and ${rate('frames')} pictures a second`
}

t.test('six people in one call', { skip: await needsChromium() }, async t => {
  let gone = false
  const proxy = await tcpProxy(t, (await servePage(t)).replace(/\/$/, ''), () => ({ refused: gone }))
  // Small windows: they are drawn without a graphics card.
  const open = tabsOfChromium(await launch(t, soundAllowed), { viewport: { width: 480, height: 480 }, reducedMotion: 'reduce' })
  const members = await gather(t, `${proxy.url}/`, Array.from({ length: 6 }, () => open))
  const [host, leaver, reloader] = members as [Member, Member, Member]
  /** A step leads to the next one, so that nothing is learnt from those after a failure. */
  const step = async (name: string, walk: (t: Test) => Promise<void>) => { if (t.passing()) await t.test(name, walk) }

  await step('everybody sees and hears everybody', async () => { await allMeet(members) })

  await step('the seventh is told at once that the call is full, and nobody else notices', async t => {
    await watch(members)
    const seventh = await knock(t, open, members)
    await reaches(seventh.tab, 'failed')
    await shows(seventh.tab, '#start-title', 'This call is full')
    t.same(await noticed(members), [])
  })

  await step('one leaves, and comes in again, since there is room', async t => {
    const rest = others(members, leaver)
    await watch(rest)
    await leaver.tab.click('#leave')
    for (const { tab } of rest) await shows(tab, '#notice', `${leaver.name} left.`)
    await allMeet(rest)
    await leaver.tab.click('#start-primary')
    await allMeet(members)
    t.same(await noticed(rest, leaver), [])
  })

  await step('one loads the page again, and is back by itself', async t => {
    const rest = others(members, reloader)
    await watch(rest)
    await reloader.tab.reload()
    await allMeet(members)
    t.same(await noticed(rest, reloader), [])
  })

  await step('the server is gone for a while, and nobody notices', async t => {
    for (const { tab } of members) await tab.click('#chat-toggle')
    await watch(members)
    t.comment(await least(members, async () => {
      gone = true
      proxy.cut()
      const back = new Promise(resolve => { setTimeout(resolve, SERVER_GONE * 1_000) })
      for (const member of members) {
        await say(member, `${member.name} is here`)
        for (const { tab } of others(members, member)) await shows(tab, '#messages', `${member.name} is here`)
      }
      await allMeet(members)
      await back
      await allMeet(members)
      gone = false
    }))
    t.same(await noticed(members), [])
  })

  await step('the link works again once the server is back', async t => {
    await leaver.tab.click('#leave')
    await allMeet(others(members, leaver))
    await leaver.tab.click('#start-primary')
    await allMeet(members)
    t.same(await noticed([host], leaver), [])
  })

  for (const { tab } of members) t.same(tab.problems, [])
})
