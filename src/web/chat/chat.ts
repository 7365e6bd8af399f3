import { MAX_CHAT_LENGTH } from '../call/page-messages.js'
import type { Person } from '../call/state.js'
import { chatHint, notSent, type Presence } from '../call/texts.js'
import { legible } from '../text/legible.js'
import { textAndLinks, type Link } from '../text/links.js'
import { element, showText } from '../ui/dom.js'
import { Backlog, oldestOfMost, type Received } from './backlog.js'

/** How many messages the page keeps, so that nobody can fill the other side's memory. */
const MAX_ITEMS = 500

/** How many messages are shown at a time, and how often, in ms: a flood must leave the page time for all else. */
const BATCH = 5
const BATCH_EVERY = 50

/** How close to the end, in CSS pixels, counts as the end. */
const NEAR_END = 40

/** The chat drawer. Nothing in it is stored. */
export class Chat {
  readonly #drawer = element('chat')
  readonly #log = element('log')
  readonly #messages = element('messages')
  readonly #input = element<HTMLTextAreaElement>('chat-input')
  readonly #button = element('chat-toggle')
  readonly #unread = element('unread')
  readonly #newer = element('newer')
  readonly #trouble = element('chat-trouble')
  readonly #arrived = new Backlog()
  /** whose each shown message is: `this`, or a name */
  #authors: unknown[] = []
  #showing: ReturnType<typeof setTimeout> | undefined
  #count = 0
  /** Whether the newest message is in view, and is to stay so. */
  #atEnd = true
  /** of the log, as far as it has been taken care of, in px */
  #height = 0
  #presence: Presence = 'nobody'
  #people: readonly Person[] = []

  /** @param send returns whether the text could be sent */
  constructor (private readonly send: (text: string) => boolean, private readonly announce: (text: string) => void) {
    const form = element<HTMLFormElement>('chat-form')
    form.addEventListener('submit', event => {
      event.preventDefault()
      this.#send()
    })
    this.#input.addEventListener('keydown', event => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
      event.preventDefault()
      this.#send()
    })
    this.#button.addEventListener('click', () => { this.#toggle(this.#drawer.hidden) })
    element('chat-close').addEventListener('click', () => { this.#toggle(false) })
    this.#newer.addEventListener('click', () => {
      this.#scrollToEnd()
      this.#input.focus()
    })
    this.#log.addEventListener('scroll', () => {
      // The log has just become smaller, which moves nobody away from the end; see below.
      if (this.#log.clientHeight !== this.#height) return
      this.#atEnd = this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < NEAR_END
      if (this.#atEnd) this.#newer.hidden = true
    })
    // A phone's keyboard takes half of the room.
    new ResizeObserver(() => {
      this.#height = this.#log.clientHeight
      if (this.#atEnd) this.#scrollToEnd()
    }).observe(this.#log)
    this.#drawer.addEventListener('keydown', event => {
      if (event.key === 'Escape') this.#toggle(false)
    })
  }

  received (text: string, from: string | undefined): void {
    this.#arrived.add({ text, from })
    if (this.#showing === undefined) this.#showArrived()
  }

  /** Shows all that has arrived, so that it is not shown after what comes later. */
  #showRest (): void {
    const messages = this.#arrived.take()
    if (messages.length > 0) this.#add(messages)
  }

  readonly #showArrived = (): void => {
    const messages = this.#arrived.take(BATCH)
    this.#showing = messages.length === 0 ? undefined : setTimeout(this.#showArrived, BATCH_EVERY)
    const [first] = messages
    if (first === undefined) return
    this.#add(messages)
    if (this.#drawer.hidden) {
      this.#showUnread(this.#count + messages.length)
      // While the drawer is closed, screen readers do not read the log.
      this.announce(messages.length === 1 ? `${first.from ?? 'Message'}: ${legible(first.text)}` : `${messages.length} new messages`)
    }
  }

  /** Shows whether there is somebody to write to. */
  presence (presence: Presence, people: readonly Person[] = []): void {
    this.#people = people
    if (presence === this.#presence) return this.#showHint()
    this.#showRest()
    this.#presence = presence
    this.#trouble.hidden = true
    this.#showHint()
  }

  /** Resets the chat for a new call. */
  clear (): void {
    this.#arrived.take()
    this.#messages.replaceChildren()
    this.#authors = []
    this.#input.value = ''
    this.presence('nobody')
    this.#trouble.hidden = true
    this.#showHint()
    this.#atEnd = true
    this.#newer.hidden = true
    this.#showUnread(0)
    this.#drawer.hidden = true
    this.#button.setAttribute('aria-expanded', 'false')
  }

  #send (): void {
    const text = this.#input.value.trim().slice(0, MAX_CHAT_LENGTH)
    if (text === '') return
    const sent = this.#presence === 'here' && this.send(text)
    showText(this.#trouble, sent ? undefined : notSent(this.#presence))
    if (!sent) return
    this.#input.value = ''
    this.#showRest()
    this.#add([{ text, from: 'You' }], true)
    this.#scrollToEnd()
  }

  #toggle (open: boolean): void {
    this.#drawer.hidden = !open
    this.#button.setAttribute('aria-expanded', String(open))
    this.#showUnread(0)
    if (open) {
      this.#scrollToEnd()
      this.#input.focus()
    } else {
      this.#button.focus()
    }
  }

  #add (messages: Received[], mine = false): void {
    for (const { text, from } of messages) {
      const item = document.createElement('li')
      item.className = mine ? 'mine' : 'theirs'
      item.append(mine || from === undefined ? visuallyHidden(`${from ?? 'Other'}: `) : writer(from), isolated(textAndLinks(text).map(part => typeof part === 'string' ? part : linkTo(part))))
      this.#messages.append(item)
      this.#authors.push(mine ? this : from)
      if (this.#authors.length > MAX_ITEMS) {
        const oldest = oldestOfMost(this.#authors)
        this.#authors.splice(oldest, 1)
        this.#messages.children[oldest]?.remove()
      }
    }
    this.#showHint()
    // Whoever reads older messages stays where they are.
    if (this.#atEnd) this.#scrollToEnd()
    else this.#newer.hidden = false
  }

  #scrollToEnd (): void {
    this.#log.scrollTop = this.#log.scrollHeight
    this.#atEnd = true
    this.#newer.hidden = true
  }

  #showHint (): void {
    showText(element('chat-hint'), chatHint(this.#presence, this.#messages.childElementCount > 0, this.#people))
  }

  #showUnread (count: number): void {
    this.#count = count
    this.#unread.hidden = count === 0
    this.#unread.replaceChildren(String(count), visuallyHidden(' new'))
  }
}

/** Text for screen readers only. */
function visuallyHidden (text: string): HTMLElement {
  const span = document.createElement('span')
  span.className = 'visually-hidden'
  span.textContent = text
  return span
}

/** Who wrote a message. */
function writer (name: string): HTMLElement {
  const writer = document.createElement('bdi')
  writer.className = 'writer'
  writer.textContent = name
  writer.append(visuallyHidden(': '))
  return writer
}

/** Text whose direction does not affect what surrounds it. */
function isolated (parts: (string | Node)[]): HTMLElement {
  const piece = document.createElement('bdi')
  piece.append(...parts)
  return piece
}

/** The linked site learns nothing about this page. */
function linkTo ({ href, before, host, after }: Link): HTMLElement {
  const link = document.createElement('a')
  const where = document.createElement('strong')
  where.textContent = host
  link.href = href
  // A URL reads from left to right, whatever script follows the host.
  link.dir = 'ltr'
  link.append(before, where, isolated([after]))
  link.target = '_blank'
  link.rel = 'noreferrer noopener nofollow'
  return isolated([link])
}
