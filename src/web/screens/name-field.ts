import type { State } from '../call/state.js'
import type { Preferences } from '../storage/preferences.js'
import { cleanName } from '../text/names.js'
import { element } from '../ui/dom.js'

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
