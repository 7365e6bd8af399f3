/** The element with this id in index.html. */
export function element<T extends Element = HTMLElement> (id: string): T {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`index.html has no #${id}`)
  return found as unknown as T
}

/** The element of this class within another. */
export function part<T extends Element = HTMLElement> (whole: Element, name: string): T {
  const found = whole.querySelector(`.${name}`)
  if (found === null) throw new Error(`There is no .${name}`)
  return found as unknown as T
}

/** Shows the text, or hides the element if there is none. */
export function showText (target: HTMLElement, text: string | undefined): void {
  target.textContent = text ?? ''
  target.hidden = text === undefined
}

/** Shows whether a button's device is on. Its name stays the same, as `aria-pressed` requires. */
export function setToggle (button: HTMLElement, icon: string, on: boolean): void {
  button.setAttribute('aria-pressed', String(on))
  button.querySelector('use')?.setAttribute('href', `#i-${icon}${on ? '' : '-off'}`)
}
