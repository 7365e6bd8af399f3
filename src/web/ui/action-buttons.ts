/** The buttons for one action: one in the bar, one in the menu, or both. */
export class ActionButtons {
  readonly #buttons: HTMLButtonElement[]

  /** @param name the value of `data-does` in index.html */
  constructor (name: string, act: () => void) {
    this.#buttons = [...document.querySelectorAll<HTMLButtonElement>(`[data-does="${name}"]`)]
    for (const button of this.#buttons) button.addEventListener('click', act)
  }

  /** Shows whether the action is possible right now, and whether what it turns on is on. */
  set ({ enabled, on }: { enabled: boolean, on: boolean }): void {
    for (const button of this.#buttons) {
      button.disabled = !enabled
      button.setAttribute('aria-pressed', String(on))
    }
  }

  /** Shows the buttons: they are hidden from the start, for browsers that cannot do what they do. */
  offer (): void {
    for (const button of this.#buttons) button.hidden = false
  }
}
