import { element } from './dom.js'

/** Makes a button of the menu open a dialog, which closes like any other. */
export function setUpDialog (dialog: HTMLDialogElement, open: HTMLElement, close: HTMLElement): void {
  open.addEventListener('click', () => { dialog.showModal() })
  close.addEventListener('click', () => { dialog.close() })
  // The menu that it was opened from is closed by now.
  dialog.addEventListener('close', () => { element('more').querySelector('summary')?.focus() })
  // A click beside the dialog.
  dialog.addEventListener('click', ({ target }) => { if (target === dialog) dialog.close() })
}
