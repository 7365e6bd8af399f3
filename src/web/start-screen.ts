import { element, showText } from './dom.js'
import type { Keep } from './keep.js'
import type { State } from './state.js'
import { actionWords, deskWords, type Action } from './words.js'

/** The page while there is no call: what it is for, how a call ended, what went wrong. */
export class Desk {
  readonly #desk = element('desk')
  readonly #title = element('desk-title')
  readonly #buttons = [element<HTMLButtonElement>('desk-first'), element<HTMLButtonElement>('desk-second')]
  #actions: Action[] = []

  constructor (keep: Keep, act: (action: Action) => void) {
    this.#buttons.forEach((button, index) => button.addEventListener('click', () => {
      const action = this.#actions[index]
      if (action !== undefined) act(action)
    }))
    for (const kind of ['audio', 'video'] as const) {
      const wanted = element<HTMLInputElement>(`want-${kind}`)
      wanted.checked = keep.kept[kind]
      wanted.addEventListener('change', () => { keep.set({ [kind]: wanted.checked }) })
    }
  }

  show (state: State): void {
    const shown = state.name === 'ready' || state.name === 'left' || state.name === 'failed'
    const came = shown && this.#desk.hidden
    this.#desk.hidden = !shown
    if (!shown) return
    const { title, text, actions } = deskWords(state)
    this.#title.textContent = title
    element('desk-text').textContent = text
    this.#actions = actions
    this.#buttons.forEach((button, index) => {
      const action = actions[index]
      showText(button, action && actionWords[action])
    })
    element('desk-devices').hidden = state.name !== 'ready'
    if (came && state.name !== 'ready') this.#title.focus()
  }
}
