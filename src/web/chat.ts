import { textAndLinks, withoutControls, type Link } from './chat-text.js'
import { element, showText } from './dom.js'
import { MAX_CHAT } from './messages.js'

/** The drawer with what was written. Nothing of it is kept. */
export class Chat {
  readonly #drawer = element('chat')
  readonly #log = element('log')
  readonly #words = element<HTMLTextAreaElement>('words')
  readonly #button = element('talk')
  readonly #unread = element('unread')
  #count = 0

  /** @param say returns whether the text is on its way */
  constructor (private readonly say: (text: string) => boolean, private readonly announce: (words: string) => void) {
    const form = element<HTMLFormElement>('say')
    form.addEventListener('submit', event => {
      event.preventDefault()
      this.#send()
    })
    this.#words.addEventListener('keydown', event => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
      event.preventDefault()
      this.#send()
    })
    this.#button.addEventListener('click', () => { this.#toggle(this.#drawer.hidden) })
    element('chat-close').addEventListener('click', () => { this.#toggle(false) })
    this.#drawer.addEventListener('keydown', event => {
      if (event.key === 'Escape') this.#toggle(false)
    })
  }

  heard (text: string): void {
    this.#add('Other', text)
    if (!this.#drawer.hidden) return
    this.#showUnread(this.#count + 1)
    // While it is closed the log itself is not read out.
    this.announce(`Message: ${withoutControls(text)}`)
  }

  /** For a new call. */
  clear (): void {
    this.#log.replaceChildren()
    this.#words.value = ''
    element('chat-empty').hidden = false
    element('chat-trouble').hidden = true
    this.#showUnread(0)
    this.#drawer.hidden = true
    this.#button.setAttribute('aria-expanded', 'false')
  }

  #send (): void {
    const text = this.#words.value.trim().slice(0, MAX_CHAT)
    if (text === '') return
    const sent = this.say(text)
    showText(element('chat-trouble'), sent ? undefined : 'Not sent: the other person is not there.')
    if (!sent) return
    this.#words.value = ''
    this.#add('You', text)
  }

  #toggle (open: boolean): void {
    this.#drawer.hidden = !open
    this.#button.setAttribute('aria-expanded', String(open))
    this.#showUnread(0)
    if (open) {
      this.#log.scrollTop = this.#log.scrollHeight
      this.#words.focus()
    } else {
      this.#button.focus()
    }
  }

  #add (who: 'You' | 'Other', text: string): void {
    element('chat-empty').hidden = true
    const item = document.createElement('li')
    item.className = who === 'You' ? 'mine' : 'theirs'
    item.append(unseen(`${who}: `), isolated(textAndLinks(text).map(part => typeof part === 'string' ? part : linkTo(part))))
    this.#log.append(item)
    this.#log.scrollTop = this.#log.scrollHeight
  }

  #showUnread (count: number): void {
    this.#count = count
    this.#unread.hidden = count === 0
    this.#unread.replaceChildren(String(count), unseen(' new'))
  }
}

/** Words that are only read out. */
function unseen (words: string): HTMLElement {
  const span = document.createElement('span')
  span.className = 'unseen'
  span.textContent = words
  return span
}

/** A piece of text whose direction changes nothing around it. */
function isolated (parts: (string | Node)[]): HTMLElement {
  const piece = document.createElement('bdi')
  piece.append(...parts)
  return piece
}

/** The page tells them nothing about itself. */
function linkTo ({ href, before, host, after }: Link): HTMLElement {
  const link = document.createElement('a')
  const where = document.createElement('strong')
  where.textContent = host
  link.href = href
  // An address is read from left to right, whatever letters follow the host.
  link.dir = 'ltr'
  link.append(before, where, isolated([after]))
  link.target = '_blank'
  link.rel = 'noreferrer noopener nofollow'
  return isolated([link])
}
