import { element } from './dom.js'
import { cleanName } from './names.js'
import type { Preferences } from './preferences.js'
import type { State } from './state.js'

/** Where people may say their name before a call. It is remembered. */
export class NameField {
  readonly #field = element('name-field')

  /** @param submit called when the person presses Enter */
  constructor (preferences: Preferences, submit: () => void) {
    const input = element<HTMLInputElement>('name')
    input.value = preferences.data.name
    input.addEventListener('input', () => { preferences.update({ name: cleanName(input.value) }) })
    input.addEventListener('keydown', event => { if (event.key === 'Enter' && !event.isComposing) submit() })
  }

  show (state: State): void {
    this.#field.hidden = state.name !== 'ready'
  }
}
