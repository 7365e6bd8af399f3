import { isWarning } from '../call/failures.js'
import type { State } from '../call/state.js'
import { actionLabels, startScreenText, type Action } from '../call/texts.js'
import { element, showText } from '../ui/dom.js'

/** The page while there is no call: what it is for, how a call ended, what went wrong. */
export class StartScreen {
  readonly #screen = element('start-screen')
  readonly #title = element('start-title')
  readonly #buttons = [element<HTMLButtonElement>('start-primary'), element<HTMLButtonElement>('start-secondary')]
  #actions: Action[] = []

  constructor (act: (action: Action) => void) {
    this.#buttons.forEach((button, index) => button.addEventListener('click', () => {
      const action = this.#actions[index]
      if (action !== undefined) act(action)
    }))
  }

  show (state: State): void {
    const shown = state.name === 'ready' || state.name === 'left' || state.name === 'failed'
    const came = shown && this.#screen.hidden
    this.#screen.hidden = !shown
    if (!shown) return
    const { title, text, actions } = startScreenText(state)
    this.#title.textContent = title
    element('start-text').textContent = text
    element<SVGElement>('warning').toggleAttribute('hidden', state.name !== 'failed' || !isWarning(state.failure))
    this.#actions = actions
    this.#buttons.forEach((button, index) => {
      const action = actions[index]
      showText(button, action && actionLabels[action])
    })
    if (came && state.name !== 'ready') this.#title.focus()
  }
}
