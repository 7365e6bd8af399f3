import { element } from './dom.js'
import { qrCode } from './qr.js'

/** The link to pass on: to copy, to share with another app, to scan. */
export class InvitePanel {
  readonly #panel = element('invite')
  readonly #link = element<HTMLInputElement>('link')
  readonly #copy = element<HTMLButtonElement>('copy')
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor (private readonly announce: (words: string) => void) {
    const share = element('share')
    share.hidden = typeof navigator.share !== 'function'
    share.addEventListener('click', () => {
      navigator.share({ title: 'A call for you', url: this.#link.value }).catch(() => {
        // The person thought better of it.
      })
    })
    this.#copy.addEventListener('click', () => { void this.#copyLink() })
    this.#link.addEventListener('focus', () => { this.#link.select() })
  }

  show (invite: string | undefined): void {
    this.#panel.hidden = invite === undefined
    if (invite === undefined || this.#link.value === invite) return
    this.#link.value = invite
    element('qr').replaceChildren(qrCode(invite, 'QR code of the invite link'))
  }

  async #copyLink (): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.#link.value)
      this.#say('Copied')
    } catch {
      // Without leave for the clipboard, the person copies what is selected.
      this.#link.focus()
      this.#say('Copy the marked text')
    }
  }

  #say (words: string): void {
    this.#copy.textContent = words
    this.announce(words)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => { this.#copy.textContent = 'Copy link' }, 2_500)
  }
}
