import { element } from './dom.js'

/** Makes what a `details` element shows close like a menu: by Escape, and when the person goes elsewhere. */
export function setUpPopup (popup: HTMLDetailsElement): void {
  popup.addEventListener('keydown', event => {
    if (event.key === 'Escape' && popup.open) close(popup)
  })
  const leave = (to: EventTarget | null) => {
    if (!popup.contains(to as Node)) popup.open = false
  }
  addEventListener('pointerdown', ({ target }) => { leave(target) })
  popup.addEventListener('focusout', ({ relatedTarget }) => { if (relatedTarget !== null) leave(relatedTarget) })
}

/** The menu of less common controls closes, too, once one of them is used. */
export function setUpMoreMenu (): void {
  const menu = element<HTMLDetailsElement>('more')
  // Before the button itself acts: what opens a dialog must find the focus where it is to return.
  menu.addEventListener('click', ({ target }) => {
    // A key may press a button in a closed menu.
    if (menu.open && (target as Element).closest('button') !== null) close(menu)
  }, { capture: true })
  setUpPopup(menu)
}

function close (popup: HTMLDetailsElement): void {
  popup.open = false
  popup.querySelector('summary')?.focus()
}
