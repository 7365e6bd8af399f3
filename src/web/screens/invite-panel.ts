import { isOpen, peopleIn, type State } from '../call/state.js'
import { setUpDialog } from '../ui/dialog.js'
import { element } from '../ui/dom.js'
import { qrCode } from './qr.js'

/** How many people a call has room for, besides this one. */
const ROOM = 5

/** The invite link: to copy, to share with another app, or to scan. In a call, it is in a dialog. */
export class InvitePanel {
  readonly #panel = element('invite')
  readonly #dialog = element<HTMLDialogElement>('invite-dialog')
  readonly #open = element<HTMLButtonElement>('invite-open')
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
    setUpDialog(this.#dialog, this.#open, element('invite-close'))
    this.#copy.addEventListener('click', () => { void this.#copyLink() })
    this.#link.addEventListener('focus', () => { this.#link.select() })
  }

  show (state: State): void {
    const { invite } = state as { invite?: string }
    const others = peopleIn(state).length
    this.#panel.hidden = invite === undefined || (others === 0 && state.name !== 'waiting')
    this.#open.hidden = invite === undefined || others === 0
    this.#open.disabled = others >= ROOM
    if (others === 0 || !isOpen(state)) this.#dialog.close()
    if (others > 0 && this.#panel.parentElement !== this.#dialog) this.#dialog.append(this.#panel)
    else if (others === 0 && this.#panel.parentElement === this.#dialog) element('progress').after(this.#panel)
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
