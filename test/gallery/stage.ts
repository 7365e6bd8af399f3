import { element } from '../../src/web/ui/dom.js'
import { FileLink } from '../../src/web/files/file-link.js'
import type { FileMessage } from '../../src/web/files/file-messages.js'
import { Page } from '../../src/web/page.js'
import type { PageMessage } from '../../src/web/call/page-messages.js'
import { RemotePage } from '../../src/web/call/remote-page.js'
import { peopleIn, type State } from '../../src/web/call/state.js'
import { person, streamOf, writing } from './pictures.js'
import type { Scene } from './scenes.js'

/** Longer than any view waits before it shows what has come, in ms. */
const SETTLED_AFTER = 220

/** How long a view shows what goes by itself, or less, in ms. */
const LONG = 5_000

/** How the others look: the wall, the clothes and the skin. */
const looks = [['#c9b79c', '#2f5d62', '#8d5a3c'], ['#9fb4a2', '#6b3f69', '#e0b08f'], ['#b9a5a0', '#2d3f63', '#5c3a28'], ['#d3c9a8', '#8a4b2a', '#c58c65'], ['#a7adc0', '#3b4d2f', '#eac3a4']] as const

/** The page with its real views, and what else is on the stage: devices and another person, both made up. */
export class Stage {
  readonly page: Page
  readonly #people = new Map<string, { page: RemotePage, fileChannel: EventTarget }>()
  /** Who speaks; undefined if everybody does. */
  #speaker: string | undefined

  constructor (state: State, private readonly devices: Scene['devices']) {
    this.#fakeDevices()
    // So that whatever counts the seconds says the same each time.
    performance.now = () => 0
    // What goes after a while stays, however long the pictures take.
    const wait = setTimeout
    Object.assign(globalThis, { setTimeout: (work: () => void, after = 0) => after < LONG ? wait(work, after) : 0 })
    this.page = new Page(state, { act () {}, compared () {}, leave () {}, write: () => true, devicesChanged () {} })
  }

  /** Opens this person's devices, and connects the other one. */
  async meet (state: State): Promise<void> {
    this.page.show({ name: 'connecting', role: state.role })
    await this.open()
    for (const [index, { id }] of peopleIn(state).entries()) {
      const [wall, clothes, skin] = looks[index] ?? looks[0]
      const connection = new RTCPeerConnection()
      const fileChannel = Object.assign(new EventTarget(), { readyState: 'open', bufferedAmount: 0, send () {} })
      const files = new FileLink({ sctp: null, createDataChannel: () => fileChannel as unknown as RTCDataChannel })
      const other = new RemotePage(connection, connection.createDataChannel('page'), files)
      Object.defineProperty(other, 'amplitude', { get: () => this.#speaker === undefined || this.#speaker === id ? 0.05 : 0 })
      this.#people.set(id, { page: other, fileChannel })
      this.#picture(other.stream, streamOf(person(wall, clothes, skin)))
      this.page.connectedTo(id, other)
      this.#hearAboutFiles({ type: 'ready', known: [] }, id)
    }
    this.page.show(state)
    await this.settle()
  }

  async open (): Promise<void> {
    await this.page.media.open({ audio: true, video: true })
  }

  hear (message: Extract<PageMessage, { type: 'chat' | 'media' }>, from = this.#first): void {
    this.page.received(from, message)
  }

  speaks (id: string): void {
    this.#speaker = id
  }

  get #first (): string {
    return [...this.#people.keys()][0] ?? ''
  }

  theirScreen (): void {
    this.#picture(this.#people.get(this.#first)!.page.stream, streamOf(writing))
    this.hear({ type: 'media', audio: true, video: true, screen: true })
  }

  write (text: string): void {
    element<HTMLTextAreaElement>('chat-input').value = text
    element<HTMLFormElement>('chat-form').requestSubmit()
  }

  offer (name: string, size: number): void {
    this.#hearAboutFiles({ type: 'offer', id: '0'.repeat(32), key: '1'.repeat(32), name, size })
  }

  sendFile (name: string): void {
    const chosen = new DataTransfer()
    chosen.items.add(new File([new Uint8Array(2_345_678)], name))
    const input = element<HTMLInputElement>('file-input')
    input.files = chosen.files
    input.dispatchEvent(new Event('change'))
  }

  /** How loud this person's microphone is from now on. */
  sound (amplitude: number): void {
    AnalyserNode.prototype.getFloatTimeDomainData = samples => { samples.fill(amplitude) }
  }

  blockSound (): void {
    HTMLMediaElement.prototype.play = async () => { throw new DOMException('Nobody has touched the page', 'NotAllowedError') }
  }

  show (selector: string): void {
    document.querySelector<HTMLElement>(selector)!.hidden = false
  }

  async click (...selectors: string[]): Promise<void> {
    for (const selector of selectors) document.querySelector<HTMLElement>(selector)!.click()
    await this.settle()
  }

  /** Waits until every video has its picture, and what comes in pieces is there. */
  async settle (after = SETTLED_AFTER): Promise<void> {
    await new Promise(resolve => { setTimeout(resolve, after) })
    for (const video of document.querySelectorAll('video')) {
      const { srcObject } = video
      if (!(srcObject instanceof MediaStream) || srcObject.getVideoTracks().length === 0) continue
      while (video.videoWidth === 0 || video.readyState < 2) await new Promise(resolve => { setTimeout(resolve, 20) })
    }
  }

  /** The other person's picture from now on. */
  #picture (stream: MediaStream, source: MediaStream): void {
    for (const track of stream.getTracks()) stream.removeTrack(track)
    for (const track of source.getTracks()) stream.addTrack(track)
  }

  /** Devices with names, which open, do not, or keep the person waiting. */
  #fakeDevices (): void {
    const named = (kind: MediaDeviceKind, label: string) => ({ kind, label, deviceId: label, groupId: '' })
    const all = [named('audioinput', 'Headset'), named('audioinput', 'Built-in microphone'), named('videoinput', 'Integrated camera'), named('audiooutput', 'Headset')]
    const open = (wanted: MediaStreamConstraints): MediaStream => {
      const tracks = [
        ...wanted.video ? streamOf(person('#a9bcc9', '#7a3b4e', '#d9a68a')).getTracks() : [],
        ...wanted.audio ? new AudioContext().createMediaStreamDestination().stream.getTracks() : []
      ]
      return new MediaStream(tracks)
    }
    Object.assign(navigator.mediaDevices, {
      enumerateDevices: async () => this.devices === 'on' ? all : [],
      getDisplayMedia: async () => streamOf(writing),
      getUserMedia: async (wanted: MediaStreamConstraints) => {
        switch (this.devices) {
          case 'on': return open(wanted)
          case 'denied': throw new DOMException('Blocked', 'NotAllowedError')
          case 'missing': throw new DOMException('None', 'NotFoundError')
          default: return await new Promise(() => {})
        }
      }
    })
    navigator.permissions.query = async () => ({ state: this.devices === undefined ? 'prompt' : 'granted' }) as PermissionStatus
    this.sound(0.05)
  }

  #hearAboutFiles (message: FileMessage, from = this.#first): void {
    this.#people.get(from)?.fileChannel.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(message) }))
  }
}
