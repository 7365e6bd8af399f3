/** The element of the page with this id, which index.html has. */
export function element<T extends Element = HTMLElement> (id: string): T {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`index.html has no #${id}`)
  return found as unknown as T
}

/** Shows the text, and hides the element where there is none. */
export function showText (target: HTMLElement, text: string | undefined): void {
  target.textContent = text ?? ''
  target.hidden = text === undefined
}

/** Changes the icon of a button and the words below it. */
export function label (button: HTMLElement, icon: string, words: string): void {
  button.querySelector('use')?.setAttribute('href', `#i-${icon}`)
  const text = button.querySelector('span')
  if (text !== null) text.textContent = words
}
