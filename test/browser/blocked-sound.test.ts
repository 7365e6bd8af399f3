import t from 'tap'
import { inCall, join, servePage, visit } from '../helpers/call-page.js'
import { launch, needsChromium } from '../helpers/chromium.js'

const skip = await needsChromium()

t.test('whose sound is blocked can be turned on, whatever becomes of the others', { skip }, async t => {
  const browser = await launch(t)
  const { host, invite } = await inCall(t, browser, await servePage(t), {}, async page => {
    await page.addInitScript(() => {
      let touched = false
      addEventListener('pointerdown', ({ target }) => { touched ||= (target as Element).id === 'unmute' })
      const play = HTMLMediaElement.prototype.play
      HTMLMediaElement.prototype.play = async function () {
        const people = [...document.querySelectorAll('.remote')]
        // The first is refused until the person touches the page, and the second has nothing to play.
        if (people.indexOf(this) === 0 && !touched) throw new DOMException('', 'NotAllowedError')
        if (people.indexOf(this) === 1) return await new Promise(() => {})
        await play.call(this)
      }
    })
  })
  const button = host.page.getByRole('button', { name: 'Turn on sound' })
  await button.waitFor()
  await host.page.getByText('Your browser has blocked the sound.').waitFor()
  await join(await visit(t, browser, invite))
  await host.page.locator('.tile').nth(1).waitFor()
  await button.waitFor()
  await button.click()
  await button.waitFor({ state: 'hidden' })
})
