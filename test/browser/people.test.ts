import t, { type Test } from 'tap'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { servePage } from '../helpers/call-page.js'
import { launch, needsChromium, soundAllowed } from '../helpers/chromium.js'
import { allMeet, codeWith, gather, noticed, others, say, watch, type Member } from '../helpers/crowd.js'
import { launchFirefox, needsFirefox } from '../helpers/firefox.js'
import { reaches, shows, storedHashes, tabsOfChromium, tabsOfFirefox, type Open } from '../helpers/tab.js'

const skip = await needsChromium()

/** Checks that each two people have the same code, which nobody else has. */
async function codesAgree (t: Test, members: Member[]): Promise<void> {
  const codes = new Set<string | undefined>()
  for (const [index, one] of members.entries()) {
    for (const other of members.slice(index + 1)) {
      const code = await codeWith(one, other)
      t.match(code, /^\d{3} \d{3}$/)
      t.equal(await codeWith(other, one), code, `${one.name} and ${other.name} have the same code`)
      codes.add(code)
    }
  }
  t.equal(codes.size, members.length * (members.length - 1) / 2, 'and each two have one of their own')
}

/** Sends a file of random bytes to everybody. */
async function sendFile (t: Test, from: Member, to: Member[]): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'signalbox-file-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const bytes = randomBytes(300_000)
  await writeFile(join(directory, 'file.bin'), bytes)
  await from.tab.upload('#file-input', join(directory, 'file.bin'))
  for (const { tab } of to) await tab.click(`[aria-label="Accept file.bin, ${from.name}"]`)
  for (const { name, tab } of to) {
    await shows(tab, '#transfers', `From ${from.name}`)
    await tab.until(name => document.querySelector(`[aria-label="Save file.bin, ${name}"]`), from.name)
    await from.tab.until(name => [...document.querySelectorAll('#transfers .note')].some(({ textContent }) => textContent!.startsWith(`To ${name} `) && textContent!.endsWith('sent and verified')), name)
    await from.tab.until(count => document.querySelectorAll('#transfers li').length === count, 1)
    t.ok((await storedHashes(tab)).includes(createHash('sha256').update(bytes).digest('hex')), `${name} has what ${from.name} sent`)
  }
}

/** Everything that three people do in a call, in the browsers that they have. */
async function journeys (t: Test, url: string, opens: [Open, Open, Open]): Promise<void> {
  const members = await gather(t, url, opens)
  const [ada, ben, cleo] = members as [Member, Member, Member]
  /** A step leads to the next one, so that nothing is learnt from those after a failure. */
  const step = async (name: string, walk: (t: Test) => Promise<void>) => { if (t.passing()) await t.test(name, walk) }

  await step('everybody sees and hears everybody, and each two have a code of their own', async t => {
    await allMeet(members)
    await codesAgree(t, members)
  })

  await step('what one writes, all read, and who wrote it', async () => {
    for (const { tab } of members) await tab.click('#chat-toggle')
    for (const member of members) {
      await say(member, `I am ${member.name}`)
      for (const { tab } of others(members, member)) {
        await tab.until(name => [...document.querySelectorAll('#messages .theirs')].some(({ textContent }) => textContent === `${name}: I am ${name}`), member.name)
      }
    }
    for (const { tab } of members) await tab.press('Escape')
  })

  await step('a file goes from a guest to everybody', async t => { await sendFile(t, ben, [ada, cleo]) })

  await step('what one turns off, all see to be off', async () => {
    await cleo.tab.click('#camera')
    for (const { tab } of [ada, ben]) await shows(tab, `.tile[aria-label="${cleo.name}"] .no-picture`, 'Their camera is off')
    await cleo.tab.click('#camera')
    await allMeet(members)
  })

  await step('one leaves and comes back, which is no break for the others', async t => {
    await watch([ada, ben])
    await cleo.tab.click('#leave')
    for (const { tab } of [ada, ben]) await shows(tab, '#notice', 'Cleo left.')
    await allMeet([ada, ben])
    await reaches(cleo.tab, 'left')
    await cleo.tab.click('#start-primary')
    await allMeet(members)
    t.same(await noticed([ada, ben], cleo), [])
    await codesAgree(t, members)
  })

  await step('a guest that loads its page again is back by itself', async t => {
    await watch([ada, cleo])
    await ben.tab.reload()
    await allMeet(members)
    t.same(await noticed([ada, cleo], ben), [])
    await codesAgree(t, members)
  })

  await step('a host that loads its page again is back by itself, and the guests talk meanwhile', async t => {
    await watch([ben, cleo])
    await ada.tab.reload()
    await allMeet([ada, ben, cleo])
    t.same(await noticed([ben, cleo], ada), [], 'they only miss the host')
    await codesAgree(t, members)
  })

  await step('when the host leaves, the guests go on talking, and know that nobody else can join', async () => {
    await ada.tab.click('#leave')
    await shows(ada.tab, '#leave-hint', 'The others can go on talking, but nobody else will be able to join.')
    await ada.tab.click('#leave-dialog [value="leave"]')
    for (const { tab } of [ben, cleo]) await shows(tab, '#notice', 'Ada left. You can go on talking, but nobody else can join.')
    await allMeet([ben, cleo])
    await reaches(ada.tab, 'left')
    await cleo.tab.click('#leave')
    await reaches(ben.tab, 'left')
    await shows(ben.tab, '#start-title', 'The call is over')
  })

  for (const { tab } of members) t.same(tab.problems, [])
}

t.test('three people in Chromium', { skip }, async t => {
  const chromium = tabsOfChromium(await launch(t, soundAllowed))
  await journeys(t, await servePage(t), [chromium, chromium, chromium])
})

t.test('three people, one of them in Firefox', { skip: skip || needsFirefox() }, async t => {
  const chromium = tabsOfChromium(await launch(t, soundAllowed))
  await journeys(t, await servePage(t), [chromium, tabsOfFirefox(await launchFirefox(t)), chromium])
})
