/** The element with this id in index.html. */
export function element<T extends Element = HTMLElement> (id: string): T {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`index.html has no #${id}`)
  return found as unknown as T
}

/** Shows the text, or hides the element if there is none. */
export function showText (target: HTMLElement, text: string | undefined): void {
  target.textContent = text ?? ''
  target.hidden = text === undefined
}

/** Changes a button's icon and label. */
export function setButton (button: HTMLElement, icon: string, label: string): void {
  button.querySelector('use')?.setAttribute('href', `#i-${icon}`)
  const text = button.querySelector('span')
  if (text !== null) text.textContent = label
}
