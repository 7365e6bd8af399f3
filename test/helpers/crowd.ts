import type { Test } from 'tap'
import { reaches, type Open, type Tab } from './tab.js'

/** Somebody in a call with several others. */
export interface Member {
  name: string
  /** how high their picture is, compared with its width */
  shape: number
  tab: Tab
}

/** What has come from somebody up to now. */
export interface Received { packets: number, energy: number, frames: number, shape: number }

const names = ['Ada', 'Ben', 'Cleo', 'Dan', 'Eve', 'Finn', 'Gus']

/**
 * What each page is given before it starts: a small picture in a shape of its own, so that many fit on a small
 * machine and none is taken for another's, and a grip on what comes from everybody.
 */
function prepared (): void {
  // An empty page, before the one that the test opens, has no devices.
  if (navigator.mediaDevices === undefined) return
  // As in Firefox, which has no dialog to save.
  Reflect.deleteProperty(globalThis, 'showSaveFilePicker')
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
  navigator.mediaDevices.getUserMedia = async ({ audio, video } = {}) => {
    const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false }
    const stream = audio ? await open({ audio: plain }) : new MediaStream()
    if (!video) return stream
    const height = Math.round(160 * Number(sessionStorage.getItem('shape')))
    const canvas = Object.assign(document.createElement('canvas'), { width: 160, height })
    const context = canvas.getContext('2d')!
    setInterval(() => {
      context.fillStyle = `hsl(${performance.now() % 360} 80% 50%)`
      context.fillRect(0, 0, 160, height)
    }, 400)
    for (const track of canvas.captureStream(3).getTracks()) stream.addTrack(track)
    return stream
  }

  const connections: RTCPeerConnection[] = []
  const Plain = RTCPeerConnection
  globalThis.RTCPeerConnection = class extends Plain {
    constructor (configuration?: RTCConfiguration) {
      super(configuration)
      connections.push(this)
    }
  }

  const received = async (name: string): Promise<Received> => {
    const video = [...document.querySelectorAll('.tile')].find(tile => tile.getAttribute('aria-label') === name)?.querySelector('video')
    const sum: Received = { packets: 0, energy: 0, frames: 0, shape: 0 }
    const tracks = (video?.srcObject as MediaStream | null | undefined)?.getTracks() ?? []
    for (const receiver of connections.flatMap(connection => connection.getReceivers())) {
      if (!tracks.includes(receiver.track)) continue
      for (const report of (await receiver.getStats()).values()) {
        if (report.type !== 'inbound-rtp') continue
        if (report.kind === 'audio') sum.packets += report.packetsReceived
        sum.energy += report.totalAudioEnergy ?? 0
        sum.frames += report.framesDecoded ?? 0
        if (report.frameWidth > 0) sum.shape = report.frameHeight / report.frameWidth
      }
    }
    return sum
  }

  /** What the person could notice: another state of the call, and who is gone. */
  const noticed: string[] = []
  const codes = (): [string, string][] => [...document.querySelectorAll('#codes li')].map(item => [item.querySelector('bdi')!.textContent!, item.querySelector('span')!.textContent!])
  let before = new Map<string, string>()
  const others = (): string[] => codes().filter(([name, code]) => before.has(name) && before.get(name) !== code).map(([name]) => `${name} has another code`)
  const watch = (): void => {
    noticed.length = 0
    before = new Map(codes())
    new MutationObserver(() => {
      const { state } = document.body.dataset
      if (state !== 'connected') noticed.push(state!)
    }).observe(document.body, { attributeFilter: ['data-state'] })
    new MutationObserver(changes => {
      for (const gone of changes.flatMap(({ removedNodes }) => [...removedNodes])) noticed.push(`${(gone as Element).getAttribute('aria-label')} is gone`)
    }).observe(document.getElementById('people')!, { childList: true })
  }
  Object.assign(globalThis, { received, noticed: () => [...noticed, ...others()], watch })
}

/** The n-th person of a call, on this page. */
async function arrive (t: Test, open: Open, n: number, url: string): Promise<Member> {
  const member = { name: names[n]!, shape: 0.5 + n / 10, tab: await open(t, prepared) }
  await member.tab.goto(url)
  await member.tab.evaluate(shape => { sessionStorage.setItem('shape', String(shape)) }, member.shape)
  await member.tab.fill('#name', member.name)
  return member
}

/** The invite of a host in a call. */
export async function inviteOf ({ tab }: Member): Promise<string> {
  return await tab.evaluate(() => document.querySelector<HTMLInputElement>('#link')!.value)
}

/** People in a call, each in a browser of their own, in the order in which they came: the first is the host. */
export async function gather (t: Test, url: string, opens: Open[]): Promise<Member[]> {
  const members: Member[] = []
  for (const open of opens) members.push(await joinedBy(t, url, members, open))
  return members
}

async function joinedBy (t: Test, url: string, [host, ...guests]: Member[], open: Open): Promise<Member> {
  const n = host === undefined ? 0 : guests.length + 1
  const member = await arrive(t, open, n, host === undefined ? url : await inviteOf(host))
  await member.tab.click('#start-primary')
  await reaches(member.tab, host === undefined ? 'waiting' : 'connected')
  return member
}

/** Somebody opens the link of a call that is going on, and asks to join. */
export async function knock (t: Test, open: Open, members: Member[]): Promise<Member> {
  const member = await arrive(t, open, members.length, await inviteOf(members[0]!))
  await member.tab.click('#start-primary')
  return member
}

export function others (members: Member[], one: Member): Member[] {
  return members.filter(member => member !== one)
}

/** Waits until everybody hears and sees everybody else, from now on, and nobody else is there. */
export async function allMeet (members: Member[]): Promise<void> {
  await Promise.all(members.map(async member => {
    const wanted = others(members, member).map(({ name, shape }) => ({ name, shape }))
    await member.tab.until(wanted => {
      const tiles = [...document.querySelectorAll('.tile')].map(tile => tile.getAttribute('aria-label'))
      return tiles.length === wanted.length && wanted.every(({ name }) => tiles.includes(name))
    }, wanted)
    const before = await receivedBy(member, others(members, member))
    await member.tab.until(async expected => {
      const received = Reflect.get(globalThis, 'received') as (name: string) => Promise<Received>
      for (const { name, shape, before } of expected) {
        const now = await received(name)
        const enough = now.packets >= before.packets + 20 && now.energy > before.energy && now.frames >= before.frames + 3
        if (enough && Math.abs(now.shape - shape) < 0.04) continue
        // Statistics of many connections are work, too.
        await new Promise(resolve => { setTimeout(resolve, 300) })
        return false
      }
      return true
    }, wanted.map((each, index) => ({ ...each, before: before[index]! }))).catch(async cause => {
      const came = await receivedBy(member, others(members, member))
      throw new Error(`${member.name} does not see and hear everybody: ${JSON.stringify(wanted.map((each, index) => ({ ...each, before: before[index], now: came[index] })))}`, { cause })
    })
  }))
}

/** What has come to somebody from each of these people. */
export async function receivedBy ({ tab }: Member, from: Member[]): Promise<Received[]> {
  return await tab.evaluate(async names => {
    const received = Reflect.get(globalThis, 'received') as (name: string) => Promise<Received>
    return await Promise.all(names.map(received))
  }, from.map(({ name }) => name))
}

/** Forgets what these people have noticed. */
export async function watch (members: Member[]): Promise<void> {
  for (const { tab } of members) await tab.evaluate(() => { Reflect.get(globalThis, 'watch')() })
}

/**
 * What these people have noticed since, other than of one. That a connection is interrupted for a moment is not part of
 * it, since that is what a machine without time to spare does; a connection that was replaced has another code.
 */
export async function noticed (members: Member[], but?: Member): Promise<string[]> {
  const all = await Promise.all(members.map(async ({ name, tab }) => {
    const seen: string[] = await tab.evaluate(() => Reflect.get(globalThis, 'noticed')())
    return seen.filter(what => but === undefined || !what.startsWith(`${but.name} `)).map(what => `${name}: ${what}`)
  }))
  return all.flat()
}

/** The code that one has with another, if there are several people. */
export async function codeWith ({ tab }: Member, { name }: Member): Promise<string | undefined> {
  return await tab.evaluate(name => [...document.querySelectorAll('#codes li')].find(item => item.querySelector('bdi')?.textContent === name)?.querySelector('span')?.textContent ?? undefined, name)
}

/** Writes in the chat, which is open. */
export async function say ({ tab }: Member, words: string): Promise<void> {
  await tab.fill('#chat-input', words)
  await tab.press('Enter')
}
