import { element } from './dom.js'

/** Makes the menu of less common controls, which is a `details` element, close like a menu. */
export function setUpMoreMenu (): void {
  const menu = element<HTMLDetailsElement>('more')
  const close = () => {
    menu.open = false
    menu.querySelector('summary')?.focus()
  }
  // Before the button itself acts: what opens a dialog must find the focus where it is to return.
  menu.addEventListener('click', ({ target }) => {
    // A key may press a button in a closed menu.
    if (menu.open && (target as Element).closest('button') !== null) close()
  }, { capture: true })
  menu.addEventListener('keydown', event => {
    if (event.key === 'Escape' && menu.open) close()
  })
  const leave = (to: EventTarget | null) => {
    if (!menu.contains(to as Node)) menu.open = false
  }
  addEventListener('pointerdown', ({ target }) => { leave(target) })
  menu.addEventListener('focusout', ({ relatedTarget }) => { if (relatedTarget !== null) leave(relatedTarget) })
}
