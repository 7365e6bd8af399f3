import { patience } from '../../helpers/patience.js'
import { reaches, shows, type Tab } from '../../helpers/tab.js'
import type { Program } from './programs.js'

/** One side of a call: a program or a tab with the call page. All speak the page's texts; see docs/call-protocol.md. */
export interface Side {
  host (): Promise<string>
  join (invite: string): Promise<void>
  /** Waits until it is connected. @returns the six digits that it shows */
  code (): Promise<string>
  say (words: string): Promise<void>
  hears (words: string): Promise<void>
  /** Starts to send a picture. A page does so by itself. */
  show (): Promise<void>
  /** Waits until it receives the other side's picture. */
  sees (): Promise<void>
  leave (): Promise<void>
  /** Waits until it knows that the other side has left. */
  isLeft (): Promise<void>
}

let calls = 0

/** @param server its base URL, which is also the page's */
export function programSide (program: Program, server: string): Side {
  const name = `call ${++calls}`
  let hosts = false
  let peer: string
  const send = async (message: object) => { await program.call('send', { name, peer, text: JSON.stringify(message) }) }
  const heard = async (message: object) => { await program.event(name, { event: 'data', peer, text: JSON.stringify(message) }) }
  return {
    async host () {
      hosts = true
      return (await program.call('host', { name, server, page: server }))['invite']
    },
    async join (invite) { await program.call('join', { name, invite }) },
    async code () {
      const met = await program.event(name, { event: 'peer' })
      peer = met.peer!
      if (hosts) {
        await heard({ type: 'hello' })
        await send({ type: 'welcome' })
      } else {
        await send({ type: 'hello' })
        await heard({ type: 'welcome' })
      }
      return met.code!
    },
    async say (words) { await send({ type: 'chat', text: words }) },
    async hears (words) { await heard({ type: 'chat', text: words }) },
    async show () {
      await program.call('video', { name, peer })
      await send({ type: 'media', audio: false, video: true })
    },
    async sees () {
      const end = Date.now() + patience
      while ((await program.call('received', { name, peer }))['video'] < 5) {
        if (Date.now() > end) throw new Error('no picture came')
        await new Promise(resolve => setTimeout(resolve, 50))
      }
    },
    async leave () { await program.call('close', { name }) },
    async isLeft () { await program.event(name, { event: 'closed', peer, code: null }) }
  }
}

export function tabSide (tab: Tab, server: string): Side {
  return {
    async host () {
      await tab.goto(server)
      await tab.click('#start-primary')
      await reaches(tab, 'waiting')
      return await tab.evaluate(() => document.querySelector<HTMLInputElement>('#link')!.value)
    },
    async join (invite) {
      await tab.goto(invite)
      await tab.click('#start-primary')
    },
    async code () {
      await reaches(tab, 'connected')
      return (await tab.evaluate(() => document.querySelector('#digits')!.textContent!)).replace(' ', '')
    },
    async say (words) {
      await tab.click('#chat-toggle')
      await tab.fill('#chat-input', words)
      await tab.press('Enter')
    },
    async hears (words) { await shows(tab, '#log', words) },
    async show () {},
    async sees () {
      await tab.until(async () => {
        const video = document.querySelector<HTMLVideoElement>('.remote')!
        const shown = new Promise<boolean>(resolve => { video.requestVideoFrameCallback(() => { resolve(video.videoWidth > 0) }) })
        // A picture that never comes would hold this up for good.
        return await Promise.race([shown, new Promise<boolean>(resolve => setTimeout(resolve, 1_000, false))])
      }, undefined)
    },
    async leave () { await tab.click('#leave') },
    async isLeft () { await reaches(tab, 'waiting', 'left') }
  }
}
