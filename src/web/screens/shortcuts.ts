import type { Preferences } from '../storage/preferences.js'
import { element } from '../ui/dom.js'

/** What typing goes into: there, a letter is only a letter. */
const TYPING = 'input:not([type="checkbox"]), textarea, select, [contenteditable]'

/**
 * Lets single keys press the buttons of a call that have a `data-key`. People who speak to their computer, or
 * press keys by accident, can turn this off. Call it once it is known what this browser can do.
 */
export function setUpShortcuts (preferences: Preferences): void {
  const toggle = element<HTMLInputElement>('shortcuts')
  const list = element('keys')
  const buttons = new Map([...document.querySelectorAll<HTMLButtonElement>('[data-key]:not([hidden])')]
    .map(button => [button.dataset['key'] ?? '', { button, name: button.title }]))

  const show = () => {
    const on = toggle.checked
    list.hidden = !on
    for (const [key, { button, name }] of buttons) {
      button.title = on ? `${name} (${key})` : name
      if (on) button.setAttribute('aria-keyshortcuts', key)
      else button.removeAttribute('aria-keyshortcuts')
    }
  }
  for (const [key, { name }] of buttons) list.append(item('dt', key), item('dd', name))
  toggle.checked = preferences.data.shortcuts
  toggle.addEventListener('change', () => {
    preferences.update({ shortcuts: toggle.checked })
    show()
  })
  show()

  addEventListener('keydown', event => {
    const { key, target, ctrlKey, altKey, metaKey } = event
    if (!toggle.checked || event.repeat || event.isComposing || ctrlKey || altKey || metaKey) return
    if (element('call-screen').hidden || (target as Element).closest?.(TYPING)) return
    buttons.get(key.toLowerCase())?.button.click()
  })
}

function item (name: 'dt' | 'dd', text: string): HTMLElement {
  const item = document.createElement(name)
  item.textContent = text
  return item
}
