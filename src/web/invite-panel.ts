import { element } from './dom.js'
import { qrCode } from './qr.js'

/** The invite link: to copy, to share with another app, or to scan. */
export class InvitePanel {
  readonly #panel = element('invite')
  readonly #link = element<HTMLInputElement>('link')
  readonly #copy = element<HTMLButtonElement>('copy')
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor (private readonly announce: (text: string) => void) {
    const share = element('share')
    share.hidden = typeof navigator.share !== 'function'
    share.addEventListener('click', () => {
      navigator.share({ title: 'Join my call', url: this.#link.value }).catch(() => {
        // The person cancelled.
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
      this.#confirm('Copied')
    } catch {
      // Without access to the clipboard, the person copies the selected text.
      this.#link.focus()
      this.#confirm('Copy the selected text')
    }
  }

  #confirm (text: string): void {
    this.#copy.textContent = text
    this.announce(text)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => { this.#copy.textContent = 'Copy link' }, 2_500)
  }
}
