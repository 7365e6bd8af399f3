import t, { type Test } from 'tap'
import { servePage } from '../../helpers/call-page.js'
import { launch, needsChromium } from '../../helpers/chromium.js'
import { launchFirefox, needsFirefox } from '../../helpers/firefox.js'
import { tabsOfChromium, tabsOfFirefox } from '../../helpers/tab.js'
import { end } from '../../webrtc/node-peers.js'
import { nodeProgram } from './node-program.js'
import { commands, start } from './programs.js'
import { programSide, tabSide, type Side } from './sides.js'

/** Small pictures, so that two cores are enough for two browsers that encode and decode. */
function small (): void {
  if (navigator.mediaDevices === undefined) return
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
  navigator.mediaDevices.getUserMedia = ({ video, ...rest } = {}) => open({ ...rest, ...(video && { video: { width: 320, height: 240, frameRate: 10 } }) })
}

/** A call from its start to its end. */
async function call (t: Test, host: Side, guest: Side, together: boolean): Promise<void> {
  await guest.join(await host.host())
  const [ours, theirs] = await Promise.all([host.code(), guest.code()])
  t.match(ours, /^\d{6}$/)
  t.equal(theirs, ours, 'both show the same code')
  await Promise.all([host.say('from the host'), guest.say('from the guest'), host.hears('from the guest'), guest.hears('from the host')])
  const shown = guest.show()
  // Otherwise at the same moment, so that both make an offer.
  if (!together) await shown.then(async () => { await host.sees() })
  await Promise.all([shown, host.show()])
  await Promise.all([host.sees(), guest.sees()])
  await guest.leave()
  await host.isLeft()
  t.pass('texts and pictures go both ways, and the host is told of the end')
}

t.test('every host connects with every guest', { skip: await needsChromium() || needsFirefox() }, async t => {
  const page = await servePage(t)
  const server = page.replace(/\/$/, '')
  const openChromium = tabsOfChromium(await launch(t))
  const openFirefox = tabsOfFirefox(await launchFirefox(t))
  const programs = { Node: nodeProgram(), ...Object.fromEntries(Object.entries(commands).map(([language, command]) => [language, start(t, command)])) }
  const sides: Record<string, (t: Test) => Promise<Side>> = {
    Chromium: async t => tabSide(await openChromium(t, small), page),
    Firefox: async t => tabSide(await openFirefox(t, small), page),
    ...Object.fromEntries(Object.entries(programs).map(([language, program]) => [language, async () => programSide(program, server)]))
  }
  for (const [host, hostSide] of Object.entries(sides)) {
    for (const [guest, guestSide] of Object.entries(sides)) {
      await t.test(`${host} hosts, ${guest} joins`, async t => {
        // After another's offer of a picture, @roamhq/wrtc may send its own with a payload type that nobody has offered.
        await call(t, await hostSide(t), await guestSide(t), guest !== 'Node')
      })
    }
  }
})

end(t)
