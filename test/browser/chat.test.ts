import t from 'tap'
import type { Page } from 'playwright-core'
import { inCall, join, servePage, start, visit, type Visitor } from '../helpers/call-page.js'
import { launch, needsChromium } from '../helpers/chromium.js'

const skip = await needsChromium()

async function write ({ page }: Visitor, words: string): Promise<void> {
  await page.locator('#chat-input').fill(words)
  await page.keyboard.press('Enter')
}

/** Whether the last message is in view. */
const showsNewest = (page: Page) => page.waitForFunction(() => {
  const log = document.querySelector('#log')!.getBoundingClientRect()
  const last = document.querySelector('#log li:last-child')!.getBoundingClientRect()
  return last.bottom <= log.bottom + 1 && last.top >= log.top - 1
})

t.test('the chat', { skip }, async t => {
  const browser = await launch(t)
  const url = await servePage(t)
  const viewport = { width: 390, height: 844 }

  await t.test('the newest message stays in view, but nobody who reads older ones is pulled to it', async t => {
    const { host, guest } = await inCall(t, browser, url, { viewport })
    for (const { page } of [host, guest]) await page.locator('#chat-toggle').click()
    for (let number = 1; number <= 30; number++) await write(host, `message ${number}`)
    await guest.page.getByText('message 30', { exact: true }).waitFor()
    await showsNewest(guest.page)

    await guest.page.locator('#log').evaluate(log => {
      log.scrollTop -= 1
      log.style.maxHeight = '100px'
    })
    await showsNewest(guest.page)
    t.pass('also when it becomes smaller in the moment in which it scrolls')
    await guest.page.locator('#log').evaluate(log => { log.style.maxHeight = '' })

    await guest.page.setViewportSize({ ...viewport, height: 460 })
    await showsNewest(guest.page)
    t.pass('also when the keyboard of a phone opens')

    await guest.page.locator('#log').evaluate(async log => {
      // The page hears of it only with the next frame.
      await new Promise(resolve => {
        log.addEventListener('scroll', resolve, { once: true })
        log.scrollTop = 0
      })
    })
    await write(host, 'one more')
    await guest.page.getByRole('button', { name: 'New messages' }).waitFor()
    t.equal(await guest.page.locator('#log').evaluate(log => log.scrollTop), 0)
    await guest.page.getByRole('button', { name: 'New messages' }).click()
    await showsNewest(guest.page)
    t.notOk(await guest.page.getByRole('button', { name: 'New messages' }).isVisible())
  })

  await t.test('it says when nobody is there, and "Not sent" goes when somebody comes', async t => {
    const host = await visit(t, browser, url)
    const invite = await start(host)
    await host.page.locator('#chat-toggle').click()
    await host.page.getByText(/^Nobody else is here right now\./).waitFor()
    await write(host, 'hello?')
    await host.page.getByText('Not sent: nobody else is here.').waitFor()

    const guest = await visit(t, browser, invite)
    await join(guest)
    await host.reaches('connected')
    t.notOk(await host.page.locator('#chat-trouble').isVisible())
    t.notOk(await host.page.getByText(/^Nobody else is here/).isVisible())
    await host.page.locator('#chat-input').press('Enter')
    await host.page.locator('#log').getByText('hello?').waitFor()
    t.notOk(await host.page.locator('#chat-hint').isVisible())
  })

  await t.test('a flood keeps nobody from leaving, and what came last is shown last', async t => {
    const host = await visit(t, browser, url)
    const guest = await visit(t, browser, await start(host), {}, async page => {
      await page.addInitScript(() => {
        const create = RTCPeerConnection.prototype.createDataChannel
        RTCPeerConnection.prototype.createDataChannel = function (...args) {
          const channel = create.apply(this, args)
          if (channel.label === 'signalbox') Object.assign(globalThis, { channel })
          return channel
        }
      })
    })
    await join(guest)
    await host.reaches('connected')
    await guest.page.evaluate(() => {
      const { channel } = globalThis as unknown as { channel: RTCDataChannel }
      const text = '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}'.repeat(400)
      const flood = (): void => {
        if (channel.readyState !== 'open') return
        for (let i = 0; i < 100 && channel.bufferedAmount < 1_000_000; i++) channel.send(JSON.stringify({ type: 'chat', text }))
        setTimeout(flood, 1)
      }
      flood()
    })
    await host.page.waitForFunction(() => document.querySelectorAll('#log li').length > 50)
    await host.page.locator('#leave').click()
    await host.page.locator('#start-title').waitFor()
  })
})
